//! Columns of text, in the format of Go's `tabwriter`.

/// Lines of cells. Each column has the width of its widest cell plus `gap` spaces. The last column has no
/// padding.
pub(super) fn render(rows: &[Vec<String>], gap: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            out.push_str(cell);
            if at + 1 < row.len() {
                out.extend(std::iter::repeat_n(' ', width + gap - cell.chars().count()));
            }
        }
        out.push('\n');
    }
    out
}
