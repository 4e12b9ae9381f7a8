//! Version ranges of bans: `<0.41`, `>=1.2, <1.5`.

use anyhow::{Context, bail, ensure};

/// A range: every comparison must hold.
#[derive(Debug)]
pub struct Range(Vec<(Comparison, Version)>);

/// Three numbers, and whether it is a pre-release (which comes before the release itself).
type Version = (u64, u64, u64, bool);

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Below,
    UpTo,
    Equal,
    From,
    Above,
}

impl Range {
    /// Reads a range. Every part needs its sign: a bare `0.41` means something else to each reader.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let signs = [
            ("<=", Comparison::UpTo),
            (">=", Comparison::From),
            ("<", Comparison::Below),
            (">", Comparison::Above),
            ("=", Comparison::Equal),
        ];
        let part = |part: &str| {
            let part = part.trim();
            let found = signs
                .iter()
                .find_map(|(sign, comparison)| Some((*comparison, part.strip_prefix(sign)?)));
            let Some((comparison, version)) = found else {
                bail!("`{part}` needs one of < <= = >= > before it");
            };
            Ok((comparison, version_of(version.trim())?))
        };
        Ok(Self(text.split(',').map(part).collect::<anyhow::Result<_>>()?))
    }

    /// Whether this version lies in the range.
    pub fn contain(&self, version: &str) -> anyhow::Result<bool> {
        let version = version_of(version)?;
        // A release sorts after its pre-releases: `false < true` is turned round here.
        let key = |(major, minor, patch, is_pre_release): Version| (major, minor, patch, !is_pre_release);
        Ok(self.0.iter().all(|(comparison, bound)| {
            let order = key(version).cmp(&key(*bound));
            match comparison {
                Comparison::Below => order.is_lt(),
                Comparison::UpTo => order.is_le(),
                Comparison::Equal => order.is_eq(),
                Comparison::From => order.is_ge(),
                Comparison::Above => order.is_gt(),
            }
        }))
    }
}

/// Reads `1.2.3`, `1.2`, `1`, `1.2.3-rc.1`, `1.2.3+build`.
fn version_of(text: &str) -> anyhow::Result<Version> {
    let (text, _build) = text.split_once('+').unwrap_or((text, ""));
    let (numbers, pre_release) = text.split_once('-').unwrap_or((text, ""));
    let mut parts = numbers.split('.');
    let mut next = || -> anyhow::Result<u64> {
        let part = parts.next().unwrap_or("0");
        part.parse().with_context(|| format!("`{text}` is not a version"))
    };
    let version = (next()?, next()?, next()?, !pre_release.is_empty());
    ensure!(parts.next().is_none(), "`{text}` is not a version");
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, version: &str) -> bool {
        Range::read(range).unwrap().contain(version).unwrap()
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(contains("<0.41", "0.9.0"));
        assert!(contains("<0.41", "0.40.99"));
        assert!(!contains("<0.41", "0.41.0"));
        assert!(!contains("<0.41", "1.0.0"));
    }

    #[test]
    fn every_part_of_a_range_must_hold() {
        assert!(contains(">=1.2, <1.5", "1.4.9"));
        assert!(!contains(">=1.2, <1.5", "1.5.0"));
        assert!(!contains(">1.2,<=1.5", "1.2.0"));
        assert!(contains("=1.2.1", "1.2.1+spec-1.1.0"));
    }

    #[test]
    fn a_pre_release_comes_before_its_release() {
        assert!(contains("<2.0", "2.0.0-rc.1"));
        assert!(!contains(">=2.0", "2.0.0-rc.1"));
    }

    #[test]
    fn what_is_not_a_range_or_a_version_is_refused() {
        for range in ["0.41", "", "<x", "<1.2.3.4", "^1"] {
            assert!(Range::read(range).is_err(), "{range}");
        }
        assert!(Range::read("<1").unwrap().contain("one").is_err());
    }
}
