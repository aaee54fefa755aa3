"""Photos: taken by what they are, not by their names; small, upright, and silent about where they were made."""

from io import BytesIO

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from kit_booking.adapters import pictures
from kit_booking.adapters.pictures import MOST_BYTES, NotAPicture, TooLarge, TooManyPixels, small_jpeg


def photo(width: int = 2400, height: int = 1800, kind: str = "JPEG", mode: str = "RGB", **more: object) -> bytes:
    made = BytesIO()
    Image.new(mode, (width, height), "teal").save(made, kind, **more)
    return made.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")]
)
def test_every_usual_kind_becomes_a_small_jpeg(kind: str, mode: str) -> None:
    made = opened(small_jpeg(photo(kind=kind, mode=mode)))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (1600, 1200))


def test_a_small_one_is_not_blown_up() -> None:
    assert opened(small_jpeg(photo(300, 200))).size == (300, 200)


def test_what_is_transparent_becomes_white() -> None:
    made = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(made, "PNG")
    assert opened(small_jpeg(made.getvalue())).getpixel((4, 4)) == (255, 255, 255)


def test_place_time_and_camera_go_and_the_picture_stands_upright() -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6  # The phone was held upright: what is stored lies on its side.
    exif[Base.Make] = "Phone of somebody"
    exif[Base.DateTime] = "2026:12:05 09:40:00"
    exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] = (20.0, 43.0, 12.0)
    sent = photo(400, 300, exif=exif)
    assert b"Phone of somebody" in sent
    made = small_jpeg(sent)
    assert opened(made).size == (300, 400)
    assert not opened(made).getexif()
    assert b"Exif" not in made
    assert b"somebody" not in made


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a nothing",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        b"\xff\xd8\xff\xe0" + b"x" * 100,
        photo(200, 200)[:400],
        photo(40, 40, kind="GIF"),
        photo(40, 40, kind="TIFF"),
    ],
)
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPicture):
        small_jpeg(content)


def test_what_is_too_long_or_claims_to_be_huge_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        small_jpeg(b"x" * (MOST_BYTES + 1))
    bomb = photo(20_000, 20_000, kind="PNG", mode="1")
    assert len(bomb) < 100_000
    with pytest.raises(TooManyPixels):
        small_jpeg(bomb)
    huge = photo(9000, 9000, kind="PNG", mode="1")
    assert pictures.MOST_PIXELS < 9000 * 9000
    with pytest.raises(TooManyPixels):
        small_jpeg(huge)


def test_a_photo_whose_camera_wrote_nonsense_is_kept_all_the_same() -> None:
    orientation = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    resolution_in_letters = b"\x1a\x01\x02\x00\x04\x00\x00\x00abc\x00"
    notes = b"Exif\0\0II*\x00\x08\x00\x00\x00\x02\x00" + orientation + resolution_in_letters + b"\0\0\0\0"
    made = BytesIO()
    Image.new("RGB", (60, 40)).save(made, "JPEG", exif=notes)
    assert small_jpeg(made.getvalue()).startswith(b"\xff\xd8")
