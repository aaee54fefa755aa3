"""Takes the pictures of docs/pictures from the demo, at one moment of a quiet Saturday morning: `make pictures`."""

import tempfile
from datetime import datetime, time
from pathlib import Path
from typing import Self

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from kit_booking import clock
