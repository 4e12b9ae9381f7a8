//! Number segments: what the first digits of a phone number say of its carrier and its region.
//!
//! A hint, never a proof: numbers are carried along to other carriers. The table is data with its source
//! and date in it; a number that no segment fits has none, and nothing is kept from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The list that is built in: carriers only.
pub const BUILT_IN: &str = include_str!("../../data/segments.csv");

const HEAD: &str = "prefix,carrier,region";
/// Digits of the shortest and the longest segment.
const DIGITS: std::ops::RangeInclusive<usize> = 3..=7;

/// What a segment says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The carrier that the segment was given to, such as `mobile`.
    pub carrier: Arc<str>,
    /// Where, as the table has it, such as a province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
}

impl Segment {
    /// What it names, from the wider to the narrower.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.carrier).chain(&self.region)
    }
}

/// A table of segments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segments {
    /// Where it comes from, as it says itself.
    pub source: String,
    /// Of when it is, as it says itself.
    pub date: String,
    /// By prefix. All begin with a 1, so a number stands for one text.
    segments: BTreeMap<u32, Segment>,
}

impl Segments {
    /// Reads a table: `# source: …` and `# date: YYYY-MM-DD`, the head `prefix,carrier,region`, and a line for
    /// each segment; a region may be empty. Other lines that begin with `#` are remarks.
    ///
    /// # Errors
    /// The first line that is wrong, and what would be right.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut table = Self::default();
        let mut names: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut has_head = false;
        for (number, line) in (1_usize..).zip(text.lines()) {
            let line = line.trim_end();
            let wrong = |what: &str| format!("line {number}: {what}");
            if let Some(remark) = line.strip_prefix('#') {
                table.remark(remark.trim());
            } else if line == HEAD && !has_head {
                has_head = true;
            } else if !line.is_empty() {
                if !has_head {
                    return Err(wrong(&format!("the first line that is no remark must be {HEAD}")));
                }
                let (prefix, segment) = read_line(line, &mut names).map_err(|what| wrong(&what))?;
                if table.segments.insert(prefix, segment).is_some() {
                    return Err(wrong("this prefix stands here twice"));
                }
            }
        }
        if table.source.is_empty() || table.date.parse::<jiff::civil::Date>().is_err() {
            return Err("say where the table comes from and of when it is: # source: …, # date: 2026-11-27".to_owned());
        }
        if table.segments.is_empty() {
            return Err("there is no segment in it".to_owned());
        }
        Ok(table)
    }

    /// The segment of a phone number; the longest that fits.
    #[must_use]
    pub fn of(&self, number: &str) -> Option<&Segment> {
        let prefixes = DIGITS.rev().filter_map(|digits| number.get(..digits)?.parse::<u32>().ok());
        prefixes.filter_map(|prefix| self.segments.get(&prefix)).next()
    }

    /// Every carrier that the table names.
    #[must_use]
    pub fn carriers(&self) -> BTreeSet<&str> {
        self.segments.values().map(|segment| &*segment.carrier).collect()
    }

    /// Every region that the table names.
    #[must_use]
    pub fn regions(&self) -> BTreeSet<&str> {
        self.segments.values().filter_map(|segment| segment.region.as_deref()).collect()
    }

    fn remark(&mut self, remark: &str) {
        if let Some(source) = remark.strip_prefix("source:") {
            source.trim().clone_into(&mut self.source);
        } else if let Some(date) = remark.strip_prefix("date:") {
            date.trim().clone_into(&mut self.date);
        }
    }
}

/// Names are kept once, however many segments have them.
fn read_line(line: &str, names: &mut BTreeSet<Arc<str>>) -> Result<(u32, Segment), String> {
    let mut cells = line.split(',').map(str::trim);
    let (Some(prefix), Some(carrier), Some(region), None) = (cells.next(), cells.next(), cells.next(), cells.next()) else {
        return Err("write prefix,carrier,region; the region may be empty".to_owned());
    };
    let is_prefix = DIGITS.contains(&prefix.len()) && prefix.starts_with('1') && prefix.bytes().all(|b| b.is_ascii_digit());
    let number = prefix.parse().ok().filter(|_| is_prefix);
    let number = number.ok_or_else(|| format!("{prefix:?} is no prefix: 3 to 7 digits, the first a 1"))?;
    if carrier.is_empty() || carrier.len() > 32 || region.len() > 64 {
        return Err("a carrier has 1 to 32 bytes, a region at most 64".to_owned());
    }
    let mut once = |name: &str| match names.get(name) {
        Some(known) => Arc::clone(known),
        None => {
            let name: Arc<str> = Arc::from(name);
            names.insert(Arc::clone(&name));
            name
        }
    };
    let segment = Segment {
        carrier: once(carrier),
        region: (!region.is_empty()).then(|| once(region)),
    };
    Ok((number, segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_knows_every_carrier_and_the_longest_prefix_counts() {
        let table = Segments::read(BUILT_IN).unwrap();
        let carrier = |number| table.of(number).map(|segment| &*segment.carrier);
        assert_eq!(carrier("13800138000"), Some("mobile"));
        assert_eq!(carrier("13490000000"), Some("satellite"), "1349 is not 134");
        assert_eq!(carrier("17050000000"), Some("mobile"));
        assert_eq!(carrier("17090000000"), Some("unicom"));
        assert_eq!(carrier("19200000000"), Some("broadnet"));
        assert_eq!(carrier("14100000000"), None);
        assert_eq!(carrier("张"), None);
        assert_eq!(
            table.carriers(),
            BTreeSet::from(["broadnet", "mobile", "satellite", "telecom", "unicom"])
        );
        assert!(table.regions().is_empty() && table.source.contains("https://"));
    }

    #[test]
    fn a_region_is_read_where_the_table_has_it() {
        let text = "# source: ours\n# date: 2026-11-27\nprefix,carrier,region\n138,mobile,\n1380013,mobile,北京\n";
        let table = Segments::read(text).unwrap();
        assert_eq!(table.of("13800138000").unwrap().region.as_deref(), Some("北京"));
        assert_eq!(table.of("13800148000").unwrap().region, None);
        assert_eq!(table.regions(), BTreeSet::from(["北京"]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let with = |lines: &str| Segments::read(&format!("# source: ours\n# date: 2026-11-27\n{lines}")).unwrap_err();
        assert!(with("138,mobile,\n").starts_with("line 3: the first line"));
        let rows = |rows: &str| with(&format!("prefix,carrier,region\n{rows}"));
        assert!(rows("138,mobile\n").starts_with("line 4: write"));
        assert!(rows("138,mobile,\n0138,mobile,\n").starts_with("line 5: \"0138\" is no prefix"));
        assert!(rows("138,mobile,\n138,unicom,\n").contains("twice"));
        assert!(rows("13800138,mobile,\n").contains("3 to 7 digits"));
        assert!(rows("138,,\n").contains("a carrier has"));
        assert!(rows("").contains("no segment"));
        assert!(
            Segments::read("prefix,carrier,region\n138,mobile,\n")
                .unwrap_err()
                .contains("# source")
        );
    }
}
