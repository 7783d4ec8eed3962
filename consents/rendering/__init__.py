"""Words to HTML, and what was shown to a PDF that the patient keeps."""

from consents.rendering.press import CannotRender
from consents.rendering.sheet import Sheet, Statement, page, pdf, printed
from consents.rendering.words import filled, html_of
from core.fields.typed import plain

__all__ = ["CannotRender", "Sheet", "Statement", "filled", "html_of", "page", "pdf", "plain", "printed"]
