//! A supplier's statement, the file with its own books, in our words.
//!
//! No such format is public in this trade, so each supplier's table in adapters.toml says which columns of
//! its CSV count (`[supplier.NAME.statement]`). Titles above the head and lines without a number are passed
//! over; whatever else cannot be read refuses the whole file, line by line.

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::adapter::Adapter;
use super::fault::LoadError;
use super::section::Section;
use crate::domain::money::{Currency, Money};
use crate::domain::outcome::printable_code;
use crate::domain::statement::{Line, Said};

/// Lines of one file.
const MAX_LINES: usize = 1_000_000;
/// Longest number and longest line that are kept.
const MAX_NUMBER: usize = 64;
const MAX_TEXT: usize = 4_096;
/// Wrong lines told at once.
const MAX_TOLD: usize = 5;

/// Which columns of a supplier's statement count, and what their words mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatementForm {
    number: String,
    cost: Option<String>,
    is_minor: bool,
    state: Option<String>,
    delivered: Vec<String>,
    not_delivered: Vec<String>,
}

/// Why a statement was not read: the places, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnreadableStatement {
    /// What is wrong, with the lines.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Reads one supplier's statements.
#[derive(Debug, Clone)]
pub struct StatementReader {
    form: StatementForm,
    currency: Currency,
    zone_offset_s: i32,
}

impl Adapter {
    /// The reader of its supplier's statements, if its table says how.
    #[must_use]
    pub fn statement_reader(&self) -> Option<StatementReader> {
        let form = self.settings.statement.clone()?;
        Some(StatementReader {
            form,
            currency: self.settings.account.currency,
            zone_offset_s: self.zone_offset_s(),
        })
    }
}

impl StatementForm {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, LoadError> {
        let number = section.need("number")?.text()?.to_owned();
        let cost = section.text("cost")?.map(str::to_owned);
        let is_minor = match section.get("unit") {
            None => false,
            Some(item) => match item.text()? {
                "major" => false,
                "minor" => true,
                _ => return Err(item.fault("there are: major (98.50), minor (9850)")),
            },
        };
        let state = section.text("state")?.map(str::to_owned);
        let words = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let (delivered, not_delivered) = (words(section.texts("delivered")?), words(section.texts("not_delivered")?));
        if state.is_some() == delivered.is_empty() {
            let fault = section.fault("`state` and `delivered` belong together: a column, and which of its words mean delivered");
            return Err(fault.help("a statement that lists deliveries only needs neither"));
        }
        if let Some(both) = delivered.iter().find(|word| not_delivered.contains(word)) {
            return Err(section.fault(format!("`{both}` stands in delivered and in not_delivered")));
        }
        section.finish()?;
        Ok(Self {
            number,
            cost,
            is_minor,
            state,
            delivered,
            not_delivered,
        })
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.number)
            .chain(&self.cost)
            .chain(&self.state)
            .map(String::as_str)
    }
}

/// Where the columns that count stand.
struct Head {
    number: usize,
    cost: Option<usize>,
    state: Option<usize>,
}

impl StatementReader {
    /// What its supplier bills in.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Every line that has a number.
    ///
    /// # Errors
    /// When there is no head with the columns that count, or a line cannot be read.
    pub fn lines(&self, text: &str) -> Result<Vec<Line>, UnreadableStatement> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let (mut head, mut lines, mut wrong) = (None, Vec::new(), Vec::new());
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Err(unreadable(format!("this is not CSV: {error}"), "save it as comma-separated text")),
            };
            let Some(head) = &head else {
                head = self.head(&record);
                continue;
            };
            match self.line(head, &record) {
                Ok(line) => lines.extend(line),
                Err(why) => wrong.push(why),
            }
            if lines.len() > MAX_LINES {
                return Err(unreadable(format!("it has more than {MAX_LINES} lines"), "split it by time"));
            }
        }
        if head.is_none() {
            let columns: Vec<&str> = self.form.columns().collect();
            return Err(unreadable(
                format!("no line names the columns {}", columns.join(", ")),
                "write the supplier's own column names into its [supplier.NAME.statement] in adapters.toml",
            ));
        }
        if !wrong.is_empty() {
            let more = wrong.len().saturating_sub(MAX_TOLD);
            wrong.truncate(MAX_TOLD);
            let more = if more > 0 { format!("; and {more} more") } else { String::new() };
            return Err(unreadable(
                format!("{}{more}", wrong.join("; ")),
                "nothing was compared; have the supplier send it again, or correct [supplier.NAME.statement]",
            ));
        }
        Ok(lines)
    }

    fn head(&self, record: &StringRecord) -> Option<Head> {
        let place = |column: &str| record.iter().position(|cell| cell == column);
        let optional = |column: &Option<String>| match column {
            None => Some(None),
            Some(column) => place(column).map(Some),
        };
        Some(Head {
            number: place(&self.form.number)?,
            cost: optional(&self.form.cost)?,
            state: optional(&self.form.state)?,
        })
    }

    /// Nothing for a line without a number, such as a total.
    fn line(&self, head: &Head, record: &StringRecord) -> Result<Option<Line>, String> {
        let place = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| plain(record.get(column).unwrap_or_default());
        let number = cell(head.number);
        if number.is_empty() {
            return Ok(None);
        }
        if is_rounded(number) {
            return Err(format!(
                "line {place}: a spreadsheet has rounded the number to {}",
                printable_code(number)
            ));
        }
        if number.len() > MAX_NUMBER {
            return Err(format!("line {place}: the number is longer than {MAX_NUMBER} characters"));
        }
        let cost = head.cost.map(cell).filter(|text| !text.is_empty());
        let cost = cost.map(|text| {
            self.cost(text)
                .ok_or_else(|| format!("line {place}: the amount {:?} cannot be read", printable_code(text)))
        });
        let cost_minor = cost.transpose()?;
        let word = head.state.map(cell);
        let said = match word {
            // Money that comes back, whatever it is called.
            _ if cost_minor.is_some_and(|minor| minor < 0) => Said::NotDelivered,
            None => Said::Delivered,
            Some(word) if self.form.delivered.iter().any(|known| known == word) => Said::Delivered,
            Some(word) if self.form.not_delivered.iter().any(|known| known == word) => Said::NotDelivered,
            Some(word) => Said::Unlisted(printable_code(word)),
        };
        let text: Vec<&str> = record.iter().collect();
        Ok(Some(Line {
            place: u32::try_from(place).unwrap_or(u32::MAX),
            number: number.to_owned(),
            said,
            cost_minor: cost_minor.map(i64::saturating_abs),
            text: text.join(",").chars().take(MAX_TEXT).collect(),
        }))
    }

    /// In minor units. `¥` and the commas of thousands are passed over.
    fn cost(&self, text: &str) -> Option<i64> {
        let digits: String = text.chars().filter(|c| !matches!(c, '¥' | '￥' | ',' | '，' | ' ')).collect();
        if self.form.is_minor {
            digits.parse().ok()
        } else {
            Money::parse(&digits, self.currency).ok().map(|money| money.minor)
        }
    }

    /// A moment by the supplier's clock, UTC milliseconds: `2026-11-26T14:30`, or a date, which is its
    /// beginning, or its end where `is_end`.
    #[must_use]
    pub fn moment_ms(&self, text: &str, is_end: bool) -> Option<i64> {
        let moment: DateTime = match text.parse::<Date>() {
            Ok(date) if !text.contains(':') => {
                let date = if is_end { date.tomorrow().ok()? } else { date };
                date.to_datetime(Time::midnight())
            }
            Ok(_) | Err(_) => text.parse().ok()?,
        };
        let zone = Offset::from_seconds(self.zone_offset_s).ok()?;
        Some(zone.to_timestamp(moment).ok()?.as_millisecond())
    }
}

/// A cell without what spreadsheets put around a number to keep its digits: `="123"`, `'123`.
fn plain(cell: &str) -> &str {
    let cell = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell);
    cell.trim_start_matches('\'')
        .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// `1.23457E+18`: its last digits are gone for good.
fn is_rounded(number: &str) -> bool {
    let upper = number.to_ascii_uppercase();
    let parts = upper.split_once("E+");
    parts.is_some_and(|(digits, power)| {
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        is_digits(digits) && is_digits(power)
    })
}

fn unreadable(message: impl Into<String>, remedy: &str) -> UnreadableStatement {
    UnreadableStatement {
        message: message.into(),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> StatementReader {
        StatementReader {
            form: StatementForm {
                number: "订单号".to_owned(),
                cost: Some("金额".to_owned()),
                is_minor: false,
                state: Some("状态".to_owned()),
                delivered: vec!["成功".to_owned()],
                not_delivered: vec!["失败".to_owned()],
            },
            currency: Currency::Cny,
            zone_offset_s: 8 * 3600,
        }
    }

    fn read(text: &str) -> Vec<(u32, String, Said, Option<i64>)> {
        let lines = reader().lines(text).unwrap().into_iter();
        lines.map(|line| (line.place, line.number, line.said, line.cost_minor)).collect()
    }

    #[test]
    fn a_statement_is_read_by_its_own_column_names_whatever_stands_around_them() {
        let text = "\u{feff}对账单,2026-11-26\n手机号,订单号,状态,金额\n138,=\"4201\",成功,\"¥1,098.50\"\n138,'4301,失败,\n,,合计,1098.50\n139,4401,退款,-98.50\n139,4501,处理中,98.5\n";
        assert_eq!(
            read(text),
            [
                (3, "4201".to_owned(), Said::Delivered, Some(109_850)),
                (4, "4301".to_owned(), Said::NotDelivered, None),
                (6, "4401".to_owned(), Said::NotDelivered, Some(9_850)),
                (7, "4501".to_owned(), Said::Unlisted("处理中".to_owned()), Some(9_850)),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_refuses_the_file_and_says_where() {
        for (text, told) in [
            ("", "no line names the columns"),
            ("订单号,状态\n4201,成功\n", "no line names the columns 订单号, 金额, 状态"),
            ("订单号,状态,金额\n4201,成功,九十八\n", "line 2: the amount"),
            ("订单号,状态,金额\n4201,成功,98.505\n", "line 2: the amount"),
            ("订单号,状态,金额\n1.23457E+18,成功,98.50\n", "line 2: a spreadsheet has rounded"),
        ] {
            let error = reader().lines(text).unwrap_err();
            assert!(error.message.contains(told), "{text:?}: {error:?}");
        }
        let many: String = (0..9).map(|n| format!("42{n},成功,x\n")).collect();
        let error = reader().lines(&format!("订单号,状态,金额\n{many}")).unwrap_err();
        assert!(error.message.ends_with("and 4 more"), "{error:?}");
    }

    #[test]
    fn a_moment_is_the_suppliers() {
        let at = |text, is_end| reader().moment_ms(text, is_end);
        assert_eq!(at("1970-01-01", false), Some(-8 * 3_600_000));
        assert_eq!(at("1970-01-01", true), Some(16 * 3_600_000));
        assert_eq!(at("1970-01-01T08:00", true), Some(0));
        for text in ["", "yesterday", "2026-13-01", "8:00"] {
            assert_eq!(at(text, false), None, "{text}");
        }
    }
}
