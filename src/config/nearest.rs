//! "Did you mean": the known word that is nearest to a mistyped one.

/// The candidate with the fewest edits to `word`, if it is near enough to be meant.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    let tolerance = (length / 3).clamp(1, 4);
    // Words that differ more in length than they may in edits are not compared: a word may be as long
    // as whoever wrote it liked, and comparing takes both lengths multiplied.
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= tolerance)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= tolerance)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Edits between two words: insertions, deletions, replacements.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, left) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut last = index.saturating_add(1);
        let mut next = vec![last];
        for (above, right) in row.iter().skip(1).zip(&to) {
            let replaced = diagonal.saturating_add(usize::from(left != *right));
            last = replaced.min(above.saturating_add(1)).min(last.saturating_add(1));
            next.push(last);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_the_one_with_the_fewest_edits() {
        let known = ["listen", "public_url", "workers", "max_in_flight", "max_in_flight_per_shop"];
        assert_eq!(nearest("listten", known), Some("listen"));
        assert_eq!(nearest("worker", known), Some("workers"));
        assert_eq!(nearest("max_in_flght", known), Some("max_in_flight"));
        assert_eq!(nearest("publicurl", known), Some("public_url"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
