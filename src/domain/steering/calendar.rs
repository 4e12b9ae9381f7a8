//! When a supplier is planned to be out: once, every day, or every month, on the supplier's own clock.
//!
//! A clock here is a fixed offset from UTC, as adapters.toml gives it: suppliers of this trade keep
//! no summer time.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

use super::parts::Window;

/// The longest window, in minutes: a month. What lasts longer is not planned but paused.
const LONGEST_MINUTES: u32 = 31 * 24 * 60;

/// When windows of one kind begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// Once.
    Once(DateTime),
    /// Every day.
    Daily(Time),
    /// Every month, on this day; in a shorter month, on its last.
    Monthly(i8, Time),
}

impl Begins {
    /// Reads `2026-11-30T23:00`, `daily 23:30`, `monthly 1 00:00` or `monthly last 20:00`.
    ///
    /// # Errors
    /// What is wrong, with an example.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "write 2026-11-30T23:00, daily 23:30, monthly 1 00:00 or monthly last 20:00";
        let time = |text: &str| text.parse::<Time>().map_err(|_| WRONG);
        let mut words = text.split_whitespace();
        let begins = match (words.next(), words.next(), words.next(), words.next()) {
            (Some("daily"), Some(at), None, None) => Self::Daily(time(at)?),
            (Some("monthly"), Some("last"), Some(at), None) => Self::Monthly(31, time(at)?),
            (Some("monthly"), Some(day), Some(at), None) => {
                let day = day.parse().ok().filter(|day| (1..=31).contains(day));
                Self::Monthly(day.ok_or("a day of a month is 1 to 31, or last")?, time(at)?)
            }
            (Some(at), None, None, None) => Self::Once(at.parse().map_err(|_| WRONG)?),
            _ => return Err(WRONG),
        };
        Ok(begins)
    }

    /// Its latest beginning at or before `now`.
    fn latest(self, now: DateTime) -> Option<DateTime> {
        match self {
            Self::Once(at) => Some(at).filter(|at| *at <= now),
            Self::Daily(time) => {
                let today = now.date().to_datetime(time);
                if today <= now {
                    Some(today)
                } else {
                    today.checked_sub(Span::new().days(1)).ok()
                }
            }
            Self::Monthly(day, time) => {
                let within = |month: Date| {
                    let date = Date::new(month.year(), month.month(), day.min(month.days_in_month())).ok()?;
                    Some(date.to_datetime(time))
                };
                let this = within(now.date())?;
                if this <= now {
                    Some(this)
                } else {
                    within(now.date().first_of_month().checked_sub(Span::new().days(1)).ok()?)
                }
            }
        }
    }
}

impl Window {
    /// When the supplier is planned to be back, UTC milliseconds, if it is planned to be out now.
    /// A beginning that cannot be read is none: no document with one is published.
    #[must_use]
    pub fn out_until_ms(&self, now_ms: i64, offset_s: i32) -> Option<i64> {
        let zone = TimeZone::fixed(Offset::from_seconds(offset_s).ok()?);
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(zone.clone()).datetime();
        let from = Begins::read(&self.from).ok()?.latest(now)?;
        let minutes = i64::from(self.minutes.min(LONGEST_MINUTES));
        let end = from.checked_add(Span::new().minutes(minutes)).ok()?;
        let end_ms = end.to_zoned(zone).ok()?.timestamp().as_millisecond();
        Some(end_ms).filter(|end_ms| *end_ms > now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEIJING: i32 = 8 * 3_600;

    fn until(from: &str, minutes: u32, now: &str) -> Option<String> {
        let window = Window {
            reason: "planned".to_owned(),
            from: from.to_owned(),
            minutes,
        };
        let now: Timestamp = now.parse().unwrap();
        let end_ms = window.out_until_ms(now.as_millisecond(), BEIJING)?;
        Some(Timestamp::from_millisecond(end_ms).unwrap().to_string())
    }

    #[test]
    fn a_daily_window_holds_past_midnight_on_the_suppliers_clock() {
        let at = |now| until("daily 23:30", 60, now);
        assert_eq!(at("2026-11-26T23:29:59+08:00"), None);
        assert_eq!(at("2026-11-26T23:30:00+08:00").as_deref(), Some("2026-11-26T16:30:00Z"));
        assert_eq!(at("2026-11-27T00:29:59+08:00").as_deref(), Some("2026-11-26T16:30:00Z"));
        assert_eq!(at("2026-11-27T00:30:00+08:00"), None);
    }

    #[test]
    fn the_last_day_of_a_month_is_its_own_in_every_month() {
        let at = |now| until("monthly last 20:00", 12 * 60, now);
        assert_eq!(at("2027-02-28T20:00:00+08:00").as_deref(), Some("2027-03-01T00:00:00Z"));
        assert_eq!(at("2027-03-01T07:59:00+08:00").as_deref(), Some("2027-03-01T00:00:00Z"));
        assert_eq!(at("2027-02-27T21:00:00+08:00"), None);
        assert_eq!(
            until("monthly 1 00:00", 30, "2027-03-01T00:10:00+08:00").as_deref(),
            Some("2027-02-28T16:30:00Z")
        );
    }

    #[test]
    fn what_happens_once_happens_once() {
        let at = |now| until("2026-11-30T23:00", 90, now);
        assert_eq!(at("2026-11-30T22:59:00+08:00"), None);
        assert_eq!(at("2026-12-01T00:29:00+08:00").as_deref(), Some("2026-11-30T16:30:00Z"));
        assert_eq!(at("2027-11-30T23:10:00+08:00"), None);
    }

    #[test]
    fn what_is_no_beginning_is_refused_with_an_example() {
        for text in [
            "",
            "daily",
            "daily 25:00",
            "monthly 0 10:00",
            "monthly 32 10:00",
            "weekly 1 10:00",
            "2026-13-01T10:00",
            "daily 10:00 11:00",
        ] {
            assert!(Begins::read(text).is_err(), "{text}");
        }
    }
}
