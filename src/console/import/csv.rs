//! Rows from comma-separated text. The csv crate reads the values; their places are found by walking
//! the raw line beside it, because the crate keeps no column.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};

use super::rows::{Cell, Problems, Row};

pub(super) fn rows(text: &str, columns: &[&str], problems: &mut Problems) -> Vec<Row> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let Some(header) = records.next().and_then(Result::ok) else {
        problems.add(
            &(0..0),
            "the file is empty",
            format!("its first line names the columns: {}", columns.join(",")),
        );
        return Vec::new();
    };
    let places = cell_places(text, start_of(text, &header));
    let Some(names) = header_of(&header, &places, columns, problems) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for record in records {
        // Text that is UTF-8 and rows of any length leave nothing to fail; were it otherwise, it is told.
        match record {
            Ok(record) => rows.extend(row(text, &record, &names, problems)),
            Err(error) => problems.add(
                &(0..0),
                format!("this is not CSV: {error}"),
                "save the file as comma-separated UTF-8 text",
            ),
        }
    }
    if rows.is_empty() && problems.is_empty() {
        problems.add(
            &(0..0),
            "there are no rows below the first line",
            "put one row for each face value below it",
        );
    }
    rows
}

fn header_of(header: &StringRecord, places: &[Range<usize>], columns: &[&str], problems: &mut Problems) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut is_good = true;
    for (name, place) in header.iter().zip(places) {
        let name = name.trim();
        let known = format!("the columns are {}, separated by commas", columns.join(", "));
        if !columns.contains(&name) {
            problems.add(place, format!("there is no column {name:?}"), known);
            is_good = false;
        } else if names.iter().any(|earlier| earlier == name) {
            problems.add(place, format!("the column {name} stands here a second time"), "keep one of them");
            is_good = false;
        }
        names.push(name.to_owned());
    }
    is_good.then_some(names)
}

fn row(text: &str, record: &StringRecord, names: &[String], problems: &mut Problems) -> Option<Row> {
    let start = start_of(text, record);
    let places = cell_places(text, start);
    let end = places.last().map_or(start, |place| place.end);
    if record.iter().all(|value| value.trim().is_empty()) {
        return None;
    }
    if record.len() != names.len() {
        let message = format!("this row has {} cells, the first line names {}", record.len(), names.len());
        problems.add(
            &(start..end),
            message,
            "put a value with a comma in it into double quotes; leave unused cells empty",
        );
        return None;
    }
    let mut row = Row::new(start..end);
    for ((value, name), place) in record.iter().zip(names).zip(places) {
        let value = value.trim();
        if !value.is_empty() {
            row.put(
                name,
                Cell {
                    text: value.to_owned(),
                    inputs: None,
                    place,
                },
            );
        }
    }
    Some(row)
}

/// The record's first byte: its position may still point at line ends before it.
fn start_of(text: &str, record: &StringRecord) -> usize {
    let reported = record.position().map_or(0, csv::Position::byte);
    let reported = usize::try_from(reported).unwrap_or(0);
    let ends = text.bytes().skip(reported).take_while(|b| matches!(b, b'\r' | b'\n')).count();
    reported.saturating_add(ends)
}

/// Where each cell of the record at `start` stands, quotes included.
fn cell_places(text: &str, start: usize) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut is_quoted = false;
    let mut cell = start;
    let mut end = start;
    for byte in text.bytes().skip(start) {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => {
                places.push(cell..end);
                cell = end.saturating_add(1);
            }
            b'\r' | b'\n' if !is_quoted => break,
            _ => {}
        }
        end = end.saturating_add(1);
    }
    places.push(cell..end);
    places
}
