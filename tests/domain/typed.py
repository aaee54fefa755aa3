"""What people may type, for hypothesis."""

from hypothesis import strategies as st

_BLOCKS = [*range(0x3100), *range(0xD7F0, 0x10000)]

ANYTHING = st.text("".join(map(chr, _BLOCKS)) + "中文𝓟🎉\U0010ffff")
"""All alphabets, marks, controls, halves of characters. A bare ``st.text()`` takes seconds to start."""
