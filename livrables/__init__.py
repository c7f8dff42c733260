"""The course's deliverables, written from what was really run: part 9 builds this floor, nothing is here yet."""
