"""Everything that is measured, as Markdown with pictures."""
