"""How many examples Hypothesis tries where they are slow to invent: all rules are tested within seconds."""

from hypothesis import settings

few_examples = settings(max_examples=40)
