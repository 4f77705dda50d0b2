"""What can be said without a database: which names a picture may have, and what an item is."""

import os
import unittest
from pathlib import Path
from unittest.mock import patch

from fastapi import HTTPException
from pydantic import ValidationError

with (
    patch.dict(os.environ, DATABASE_URL="postgresql://127.0.0.1/", REDIS_URL="redis://127.0.0.1/"),
    patch.object(Path, "read_bytes", return_value=b"a secret"),
):
    from app import main


class Pictures(unittest.TestCase):
    def test_a_picture_lies_where_its_name_says(self) -> None:
        self.assertEqual(main.place("red-shoes"), Path("/app/uploads/red-shoes"))

    def test_no_name_leads_out_of_the_folder(self) -> None:
        for name in ["..", "../app/main", "a/b", "A", ""]:
            with self.assertRaises(HTTPException):
                main.place(name)


class Items(unittest.TestCase):
    def test_a_name_is_more_than_blanks(self) -> None:
        self.assertEqual(main.NewItem(name=" shoes ").name, "shoes")
        with self.assertRaises(ValidationError):
            main.NewItem(name="  ")
