"""The colours of an atlas, once for its page and its PNG files.

Two hues that every kind of colour-blindness keeps apart (Okabe & Ito 2008, https://jfly.uni-koeln.de/color): teal, and
orange. Text has a contrast of 4.5:1 at least on paper and at night (WCAG 2.2, 1.4.3).
"""

WHITE, INK, SOFT, LINE = "#ffffff", "#14262a", "#465b5e", "#d9e0df"
TEAL, ORANGE = "#0f5f68", "#b4511c"
# The words of a cloud take these in turn: teals and blues where words are counted, warm ones where TF-IDF weighs them.
# The night's are in the style sheet, in the same order.
SHADES = {
    "count": ("#0b4f5a", "#14787a", "#2a6496", "#4b6b7a"),
    "tfidf": ("#7d340b", "#b4511c", "#a03a48", "#7d6324"),
}
