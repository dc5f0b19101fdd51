//! A table of text.

/// Lines of cells, aligned: the first column to the left, all others to the right. Every line has as many cells.
#[must_use]
pub fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut shown = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            shown.push_str(&if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") });
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_to_the_left_and_numbers_to_the_right() {
        let lines = [["case", "CPU", ""], ["a", "1000", "x"]].map(|line| line.map(str::to_owned).to_vec());
        assert_eq!(super::align(&lines), "case   CPU\na     1000  x\n");
        assert_eq!(super::align(&[]), "");
    }
}
