//! Reading a file to import, and telling what is wrong with it, underlined.

use std::path::Path;

use miette::{GraphicalReportHandler, LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity};

use super::arguments::Output;
use super::explain::Failure;
use super::{file, run};
use crate::console::{AdminReply, CatalogFile, FileFormat, Problem, Trouble, text_of};

/// The file as a call carries it.
pub(super) fn asked(file: &Path, dry_run: bool) -> Result<CatalogFile, Failure> {
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let format = match extension.to_ascii_lowercase().as_str() {
        "csv" => FileFormat::Csv,
        "toml" => FileFormat::Toml,
        _ => {
            let message = format!("{} is neither .csv nor .toml", file.display());
            return Err(Trouble::new(message, "the name's ending tells how the file is read").into());
        }
    };
    let bytes = file::read(file, "split it; each part is imported whole or not at all")?;
    let text = text_of(bytes).map_err(|problem| {
        let place = format!("{}:{}:{}", file.display(), problem.line, problem.column);
        Failure::Told(format!("error: {place}: {}\n  {}", problem.message, problem.remedy))
    })?;
    Ok(CatalogFile { format, text, dry_run })
}

/// What became of it.
pub(super) fn told(file: &Path, asked: &CatalogFile, reply: AdminReply, output: Output) -> Result<String, Failure> {
    let AdminReply::NotImported { problems } = &reply else {
        return run::told(reply, output);
    };
    if output.json {
        let json = serde_json::to_string_pretty(&reply).map_err(anyhow::Error::from)?;
        return Err(Failure::Told(json));
    }
    Err(Failure::Told(underlined(file, &asked.text, problems)))
}

fn underlined(file: &Path, text: &str, problems: &[Problem]) -> String {
    let name = file.display().to_string();
    let mut out = String::new();
    for problem in problems {
        let label = LabeledSpan::at(problem.offset..problem.offset.saturating_add(problem.len), "here");
        let diagnostic = MietteDiagnostic::new(problem.message.clone())
            .with_severity(Severity::Error)
            .with_help(problem.remedy.clone())
            .with_label(label);
        let report = Report::new(diagnostic).with_source_code(NamedSource::new(&name, text.to_owned()));
        // Writing into a String does not fail.
        let _ = GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor()).render_report(&mut out, report.as_ref());
    }
    out.push_str(&format!("{name}: nothing was imported, {} to correct", problems.len()));
    out
}
