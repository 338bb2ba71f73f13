//! Compares two texts line by line, for `--diff`.

/// The maximum number of lines that are compared. In longer texts, the whole differing part is shown as one
/// change.
const MOST: usize = 2000;

/// The differences, with `-`, `+` or a space before each line.
pub(super) fn changes(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - same;
    let same_end = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str]| -> Vec<String> {
        let end = lines.len() - same_end;
        lines.iter().take(end).skip(same).map(|line| (*line).to_owned()).collect()
    };
    let (gone, come) = (middle(&old), middle(&new));
    let mut out = String::new();
    let mut push = |sign: char, line: &str| {
        out.push(sign);
        out.push_str(line);
        out.push('\n');
    };
    old.iter().take(same).for_each(|line| push(' ', line));
    for (sign, line) in pieces(&gone, &come) {
        push(sign, &line);
    }
    old.iter().skip(old.len() - same_end).for_each(|line| push(' ', line));
    out
}

fn pieces(gone: &[String], come: &[String]) -> Vec<(char, String)> {
    let all =
        |sign: char, lines: &[String]| lines.iter().map(|line| (sign, line.clone())).collect::<Vec<_>>();
    if gone.len() > MOST || come.len() > MOST {
        return [all('-', gone), all('+', come)].concat();
    }
    // The longest common subsequence, row by row from the end.
    let width = come.len() + 1;
    let mut table = vec![0_u16; (gone.len() + 1) * width];
    let get =
        |table: &[u16], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or(0);
    for (row, old) in gone.iter().enumerate().rev() {
        for (column, new) in come.iter().enumerate().rev() {
            let length = if old == new {
                get(&table, row + 1, column + 1) + 1
            } else {
                get(&table, row + 1, column).max(get(&table, row, column + 1))
            };
            if let Some(cell) = table.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut out = Vec::new();
    while let (Some(old), Some(new)) = (gone.get(row), come.get(column)) {
        if old == new {
            out.push((' ', old.clone()));
            (row, column) = (row + 1, column + 1);
        } else if get(&table, row + 1, column) >= get(&table, row, column + 1) {
            out.push(('-', old.clone()));
            row += 1;
        } else {
            out.push(('+', new.clone()));
            column += 1;
        }
    }
    out.extend(all('-', gone.get(row..).unwrap_or_default()));
    out.extend(all('+', come.get(column..).unwrap_or_default()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_in_both_are_not_told_as_changes() {
        assert_eq!(changes("a\nb\nc\nd\n", "a\nx\nc\ny\nd\n"), " a\n-b\n+x\n c\n+y\n d\n");
        assert_eq!(changes("", "a\n"), "+a\n");
        assert_eq!(changes("a\n", "a\n"), " a\n");
    }
}
