//! Columns of text, aligned by the width that a terminal gives them.

use std::fmt;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Space between columns.
const GAP: &str = "  ";

/// Where a cell stands in its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// One cell: a text in one line, cut to a width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextCell {
    text: String,
    width: usize,
    align: Align,
}

impl TextCell {
    /// A text, cut to at most `most` columns of a terminal; control characters are spelled out, so
    /// that no value moves the cursor or breaks a line.
    pub(super) fn text(text: &str, most: usize) -> Self {
        Self::new(cut(&spelled_out(text), most), Align::Left)
    }

    /// A number, which is never cut.
    pub(super) fn number(number: impl fmt::Display) -> Self {
        Self::new(number.to_string(), Align::Right)
    }

    /// Nothing.
    pub(super) fn empty() -> Self {
        Self::new(String::new(), Align::Left)
    }

    fn new(text: String, align: Align) -> Self {
        let width = text.width();
        Self { text, width, align }
    }
}

/// Rows under a head.
#[derive(Clone, Debug, Default)]
pub(super) struct TextTable {
    head: Vec<TextCell>,
    rows: Vec<Vec<TextCell>>,
    indent: usize,
}

impl TextTable {
    /// A table with these columns, each line indented.
    pub(super) fn new<'a>(head: impl IntoIterator<Item = &'a str>, indent: usize) -> Self {
        let head = head
            .into_iter()
            .map(|name| TextCell::text(name, 40))
            .collect();
        Self {
            head,
            rows: Vec::new(),
            indent,
        }
    }

    /// Adds a row, a cell for each column.
    pub(super) fn push(&mut self, row: Vec<TextCell>) {
        self.rows.push(row);
    }

    /// How wide its lines are.
    pub(super) fn width(&self) -> usize {
        let widths = self.widths();
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        self.indent + widths.iter().sum::<usize>() + gaps
    }

    fn widths(&self) -> Vec<usize> {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let width = |at: usize| {
            all()
                .filter_map(move |row| row.get(at))
                .map(|cell| cell.width)
                .max()
        };
        (0..self.head.len())
            .map(|at| width(at).unwrap_or(0))
            .collect()
    }

    /// A column is aligned as its first cell that is not empty.
    fn align(&self, at: usize) -> Align {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let filled = cells.filter(|cell| cell.width > 0);
        filled.map(|cell| cell.align).next().unwrap_or(Align::Left)
    }
}

impl fmt::Display for TextTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let indent = " ".repeat(self.indent);
        let head = self.head.iter().enumerate().map(|(at, cell)| TextCell {
            align: self.align(at),
            ..cell.clone()
        });
        let rule = widths
            .iter()
            .map(|width| TextCell::new("─".repeat(*width), Align::Left));
        let heads = [head.collect::<Vec<_>>(), rule.collect()];
        for (number, row) in heads.iter().chain(&self.rows).enumerate() {
            let cells: Vec<_> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| padded(cell, *width))
                .collect();
            let line = cells.join(GAP);
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{indent}{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn padded(cell: &TextCell, width: usize) -> String {
    let space = " ".repeat(width.saturating_sub(cell.width));
    match cell.align {
        Align::Left => format!("{}{space}", cell.text),
        Align::Right => format!("{space}{}", cell.text),
    }
}

fn spelled_out(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        // Marks that turn the direction of a line are no control characters, but as unwelcome.
        let is_unwelcome =
            char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_unwelcome {
            shown.extend(char.escape_default());
        } else {
            shown.push(char);
        }
    }
    shown
}

/// As much of a text as fits into so many columns, the last one an ellipsis where there is more.
fn cut(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut width = 0;
    let fits = |char: &char| {
        width += char.width().unwrap_or(0);
        width < most
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = TextTable::new(["ip", "status", "note"], 2);
        table.push(vec![
            TextCell::text("1.2.3.4", 20),
            TextCell::number(200),
            TextCell::empty(),
        ]);
        table.push(vec![
            TextCell::text("日本", 20),
            TextCell::number(5),
            TextCell::text("a\nb\u{1b}[2J\u{202e}", 20),
        ]);
        assert_eq!(
            table.to_string(),
            "  ip       status  note\n  \
               ───────  ──────  ────────────────────\n  \
               1.2.3.4     200\n  \
               日本          5  a\\nb\\u{1b}[2J\\u{202…"
        );
    }

    #[test]
    fn a_cut_never_halves_a_wide_character() {
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 1), "…");
    }
}
