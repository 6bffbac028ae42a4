"""The zip that a workbook is: what may be unpacked, and where its parts are."""

from __future__ import annotations

import mmap
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from classifiers.importing import kinds
from classifiers.importing.file_problem import FileProblem
from classifiers.importing.xlsx_xml import BrokenWorkbook, read_tags

MAX_UNPACKED_BYTES: Final = 200_000_000
MAX_MEMBERS: Final = 1_000

_ENTRY = b"PK\x01\x02"
_IS_ENCRYPTED = 0x1
# What the format allows. Others can take gigabytes to unpack.
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What `zipfile` raises for zips that are damaged, or of kinds that it doesn't know.
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, OSError, ValueError)


class TooLargeUnpacked(FileProblem):
    """The zip says of itself that it unpacks to more than any honest workbook."""

    code = "too_large_unpacked"


class TooManyParts(FileProblem):
    """The zip has more members than any honest workbook."""

    code = "too_many_parts"


@dataclass(frozen=True)
class Relation:
    """What one part says of another: `kind` is the end of the relation's type, `part` the other's name."""

    id: str
    kind: str
    part: str


class Package:
    """The parts of one workbook. Their names start with a slash; case doesn't count."""

    def __init__(self, path: Path, *, members: dict[str, zipfile.ZipInfo]) -> None:
        self._path = path
        self._members = members

    def has(self, part: str) -> bool:
        return part.lower() in self._members

    @contextmanager
    def open(self, part: str) -> Iterator[IO[bytes]]:
        """Open a part. Raises BrokenWorkbook if there is none of this name."""
        with ExitStack() as stack:
            try:
                archive = stack.enter_context(zipfile.ZipFile(self._path))
                file = stack.enter_context(archive.open(self._members[part.lower()]))
            except (KeyError, *_ZIP_ERRORS) as error:
                raise BrokenWorkbook from error
            yield file

    def find_relations(self, part: str) -> list[Relation]:
        """Return what `part` says of other parts; those of the package itself for "/". Raises BrokenWorkbook."""
        folder, name = posixpath.split(part)
        source = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(source):
            return []
        with self.open(source) as file:
            tags = list(read_tags(file, names=["Relationship"]))
        return [
            Relation(
                id=tag.get("Id", ""),
                kind=tag.get("Type", "").rpartition("/")[2],
                part=posixpath.normpath(posixpath.join(folder, tag.get("Target", ""))),
            )
            for _, tag in tags
        ]


def open_package(path: Path) -> tuple[Package, str]:
    """Return the parts of a workbook and the name of its main one, after a look at what unpacking would cost.

    Raises TooLargeUnpacked, TooManyParts, WrongKind, BrokenWorkbook, DoctypeFound.
    """
    _require_few_members(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _ZIP_ERRORS as error:
        raise BrokenWorkbook from error
    unpacked_bytes = sum(member.file_size for member in members)
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise TooLargeUnpacked(
            f"The workbook unpacks to {unpacked_bytes / 1_000_000:,.0f} MB (limit {MAX_UNPACKED_BYTES // 1_000_000} "
            "MB). Save the sheet with the texts alone, as CSV in UTF-8, and upload that."
        )
    if any(member.flag_bits & _IS_ENCRYPTED for member in members):
        raise kinds.WrongKind(kinds.OLE)
    if any(member.compress_type not in _COMPRESSIONS for member in members):
        raise BrokenWorkbook
    package = Package(path, members={_part_name(member.filename): member for member in members})
    workbook = _find_workbook(package)
    _require_plain(package, workbook=workbook)
    return package, workbook


def _require_few_members(path: Path) -> None:
    # Counted in the raw bytes, for opening the zip would build an object for each of a million members.
    count = at = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        while (at := content.find(_ENTRY, at)) >= 0:
            count += 1
            at += len(_ENTRY)
            if count > MAX_MEMBERS:
                raise TooManyParts(
                    f"The workbook has more than {MAX_MEMBERS:,} parts. Save the sheet with the texts alone, as CSV "
                    "in UTF-8, and upload that."
                )


def _part_name(member_name: str) -> str:
    # Some programs write the separators of Windows.
    return "/" + member_name.replace("\\", "/").lstrip("/").lower()


def _find_workbook(package: Package) -> str:
    for relation in package.find_relations("/"):
        if relation.kind == "officeDocument":
            return relation.part
    raise BrokenWorkbook


def _require_plain(package: Package, *, workbook: str) -> None:
    """Raise WrongKind for a workbook with macros or in Excel's binary form."""
    with package.open("/[Content_Types].xml") as file:
        for _, tag in read_tags(file, names=["Override"]):
            if tag.get("PartName", "").lower() == workbook.lower():
                content_type = tag.get("ContentType", "")
                if "binary" in content_type:
                    raise kinds.WrongKind(kinds.XLSB)
                if "macroEnabled" in content_type:
                    raise kinds.WrongKind(kinds.XLSM)
