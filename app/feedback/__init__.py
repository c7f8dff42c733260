"""What people say of the answers: blind votes between two models, and thumbs on the answers of a conversation.

`study` reads what is voted on, `blind` decides who sees what and on which side, `store` keeps it in the file of
`database`, `statistics` and `report` say what it shows, `usable` and `export` make training data of what may become some.
"""
