"""Photos from phones: known by their content, made small, and without what a camera writes into them."""

from io import BytesIO

from PIL import Image, ImageOps

MOST_BYTES = 10 * 2**20
MOST_PIXELS = 64_000_000
"""More than cameras of phones take; a few bytes can claim to be a picture that fills the memory."""
WIDEST = 1600
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 80


class NotAPicture(Exception):
    """What was sent is no picture of a kind that is taken."""


class TooLarge(Exception):
    """The file is too long."""


class TooManyPixels(Exception):
    """The picture is too wide and high."""


def small_jpeg(content: bytes) -> bytes:
    """The picture as a JPEG of at most 1600 pixels a side, upright, without place, time and camera.

    Raises ``NotAPicture``, ``TooLarge`` or ``TooManyPixels``.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise TooManyPixels
            picture.draft("RGB", (WIDEST, WIDEST))  # A JPEG is read at a fraction of its size.
            picture.thumbnail((WIDEST, WIDEST))
            upright = _upright(picture).convert("RGBA")
    except (TooManyPixels, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except Exception:  # Garbage ends in any of a dozen errors, and means the same to who sent it.
        raise NotAPicture from None
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright)
    made = BytesIO()
    paper.save(made, "JPEG", quality=QUALITY, optimize=True)
    return made.getvalue()


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the camera was held; a picture whose camera wrote nonsense is still worth having as it lies."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow writes the notes anew, and fails where one is not of the kind it should be.
        return picture
