"""The translations: read from the code and the templates, kept in one file per language.

Done by Babel, so that GNU gettext need not be installed. Babel comes with the tools of
development only, and is therefore imported where it is used.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

#: Django's functions for text that is shown, with the places of text and context among their
#: arguments. None: the first argument is the text.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
COMMENT_TAGS = ("Translators",)
TEMPLATES = settings.BASE_DIR / "templates"
#: The rooms that are no Django apps, since they have no tables.
WITHOUT_TABLES = (settings.BASE_DIR / "lib", settings.BASE_DIR / "rest")
LINE_LENGTH = 100


def languages() -> list[str]:
    """Return the languages to translate into: all but that of the code."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def file_of(language: str) -> Path:
    """Return where the catalogue of ``language`` is kept."""
    return Path(settings.LOCALE_PATHS[0], language, "LC_MESSAGES", "django.po")


def read(language: str) -> "Catalog":
    """Return the catalogue of ``language`` as it is kept; an empty one if there is none."""
    # Only in development: see above.
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = file_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as kept:
        return read_po(kept, locale=language)


def update(language: str) -> "Catalog":
    """Bring the catalogue of ``language`` up to the code, keep it so, and return it.

    A text that is still shown keeps its translation, one that is gone goes, a new one is empty.
    """
    kept, current = read(language), extract(language)
    for message in texts(current):
        _keep_translation(message, kept.get(message.id, message.context))
    write(language, current)
    return current


def extract(language: str) -> "Catalog":
    """Return a catalogue of all text that is shown, without translations."""
    from babel.messages.catalog import Catalog  # only in development: see above

    catalogue = Catalog(locale=language)
    for path in sources():
        name = path.relative_to(settings.BASE_DIR).as_posix()
        for message, comments, context in texts_in(path):
            catalogue.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalogue


def sources() -> Iterator[Path]:
    """Give the files that may hold text: the code of the rooms, and all templates."""
    apps_here = [Path(app.path) for app in apps.get_app_configs()]
    rooms = [path for path in apps_here if path.parent == settings.BASE_DIR]
    for room in sorted([*rooms, *WITHOUT_TABLES]):
        yield from sorted(room.rglob("*.py"))
    yield from sorted(path for path in TEMPLATES.rglob("*") if path.is_file())


def texts_in(path: Path) -> Iterator[tuple[Any, list[str], str | None]]:
    """Give every text in a file, each with the comments for translators and its context.

    A text with a plural is a tuple of its forms.
    """
    from babel.messages.extract import extract as extract_from  # only in development: see above

    code = path.read_text()
    if path.suffix != ".py":
        code = _as_python(code, path)
    found = extract_from("python", BytesIO(code.encode()), KEYWORDS, COMMENT_TAGS)
    for _line, message, comments, context in found:
        yield message, comments, context


def _as_python(markup: str, path: Path) -> str:
    """Return the text of a template as calls of gettext, in a form that Python's reader takes.

    Inside brackets the indentation of the markup means nothing.
    """
    return f"(\n{templatize(markup, origin=str(path))}\n)\n"


def _keep_translation(message: "Message", known: "Message | None") -> None:
    """Give ``message`` the translation of ``known``, if it has as many forms."""
    if known and isinstance(known.id, tuple) == isinstance(message.id, tuple):
        message.string = known.string
        message.user_comments = known.user_comments
        message.flags |= known.flags & {"fuzzy"}


def write(language: str, catalogue: "Catalog") -> None:
    """Keep ``catalogue``, in an order and with a header that change only when the texts do."""
    from babel.messages.pofile import write_po  # only in development: see above

    body = BytesIO()
    write_po(
        body,
        catalogue,
        width=LINE_LENGTH,
        omit_header=True,
        sort_output=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    path = file_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_header(catalogue).encode() + body.getvalue())


def _header(catalogue: "Catalog") -> str:
    lines = (
        f"Language: {catalogue.locale}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {catalogue.plural_forms}",
    )
    return "\n".join(['msgid ""', 'msgstr ""', *(f'"{line}\\n"' for line in lines), "", ""])


def complaints(language: str) -> list[str]:
    """Return a line for every text whose translation is missing, fuzzy or stale."""
    kept, current = read(language), extract(language)
    known = {_key(message): message for message in texts(kept)}
    wanted = {_key(message): message for message in texts(current)}
    return [
        *(f"missing: {_name(wanted[key])}" for key in wanted if not _is_done(known.get(key))),
        *(f"fuzzy: {_name(known[key])}" for key in known if known[key].fuzzy),
        *(f"stale: {_name(known[key])}" for key in known if key not in wanted),
    ]


def texts(catalogue: "Catalog") -> "Iterable[Message]":
    """Give the messages of ``catalogue``, without its header."""
    return (message for message in catalogue if message.id)


def forms(text: Any) -> tuple[str, ...]:
    """Return the singular and plural forms of a message or of its translation."""
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def _is_done(message: "Message | None") -> bool:
    return message is not None and all(forms(message.string))


def _key(message: "Message") -> tuple[Any, ...]:
    return (message.context, *forms(message.id))


def _name(message: "Message") -> str:
    context = f" (as {message.context!r})" if message.context else ""
    return f"{forms(message.id)[0]!r}{context}"
