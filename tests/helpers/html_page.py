"""Pages as the tests read them: strictly, and with the names that would break a careless one."""

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "link", "input"}
APART = {"p", "h1", "h2", "h3", "dt", "dd", "th", "td", "li", "small", "span", "figcaption", "title"}
HOSTILE = "<script>alert('1')</script>\"'&amp;\x1b[31m\n.png"


class Page(HTMLParser):
    """The elements, texts and addresses of a page. Raises AssertionError where tags do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in APART:
            self.words += " "

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words += data

    @property
    def text(self) -> str:
        """All its words with single spaces between them."""
        return " ".join(self.words.split())

    def all(self, tag: str, look: str = "") -> list[dict[str, str | None]]:
        """The attributes of each such element, of one class if that is asked for."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and (not look or look in (attributes.get("class") or "").split())
        ]
