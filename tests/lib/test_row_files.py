"""Files of rows: there when they are whole, and nothing is left of those that are not."""

from pathlib import Path

import pytest

from lib.row_files import written


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "made" / "row.csv"
    with written(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert [(each.name, each.read_bytes()) for each in path.parent.iterdir()] == [
        ("row.csv", b"whole")
    ]


def test_of_a_file_that_breaks_off_nothing_is_left(tmp_path: Path) -> None:
    def write_half() -> None:
        with written(tmp_path / "row.csv") as file:
            file.write(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_until_a_file_is_whole_it_is_called_by_its_row(tmp_path: Path) -> None:
    with written(tmp_path / "row.rejected.csv"):
        assert [each.name.partition(".")[0] for each in tmp_path.iterdir()] == ["row"]
