//! Columns that line up, with Chinese characters counted as the two cells they take.

/// Rows under a heading.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    right: &'static [usize],
}

impl Table {
    /// With the names of its columns; those in `right` (from 0) are aligned to the right.
    pub(super) fn new(heading: &[&str], right: &'static [usize]) -> Self {
        Self {
            rows: vec![heading.iter().map(|name| (*name).to_owned()).collect()],
            right,
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Every line begins with `indent` spaces and ends without any.
    pub(super) fn text(&self, indent: usize) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (column, (cell, widest)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(widest.saturating_sub(width(cell)));
                let is_right = self.right.contains(&column);
                let (before, after) = if is_right { (padding.as_str(), "") } else { ("", padding.as_str()) };
                line.push_str(&format!("{before}{cell}{after}  "));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// Cells a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// East Asian wide and full-width characters, as far as names and messages have them.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0x33FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA000..=0xA4CF
        | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE4F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_language_the_names_are_in() {
        let mut table = Table::new(&["no", "name", "balance"], &[0, 2]);
        table.row(["1".to_owned(), "Alpha".to_owned(), "5.00".to_owned()]);
        table.row(["12".to_owned(), "阿尔法".to_owned(), "-1234.50".to_owned()]);
        let text = table.text(1);
        let expected = " no  name     balance\n  1  Alpha       5.00\n 12  阿尔法  -1234.50\n";
        assert_eq!(text, expected);
        let ends: Vec<usize> = text.lines().map(width).collect();
        assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:?}");
    }
}
