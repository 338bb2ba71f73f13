//! Text in columns, and emphasized text.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

/// Rows of cells. The first row is the head.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Renders the table. Each column is two blanks wider than its widest cell. The last column is not
    /// padded.
    pub(super) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::from("  ");
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(cell);
                if at + 1 < row.len() {
                    line.extend(std::iter::repeat_n(' ', width + 2 - cell.chars().count()));
                }
            }
            let line = line.trim_end();
            let style = if number == 0 { Style::new().dimmed() } else { Style::new() };
            let _ = writeln!(out, "{style}{line}{style:#}");
        }
        out
    }
}

/// Text in bold.
pub(super) fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// Text in a colour.
pub(super) fn coloured(color: AnsiColor, text: &str) -> String {
    let style = color.on_default();
    format!("{style}{text}{style:#}")
}
