//! What is wrong with a configuration, with the place underlined and the remedy beside it.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::layer::Source;

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Complaint {
    message: String,
    label: String,
    remedy: Option<String>,
    place: Option<(Arc<NamedSource<String>>, Range<usize>)>,
}

impl Complaint {
    /// About `span` of `source`.
    pub(super) fn at(source: &Source, span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        let named = NamedSource::new(source.name(), source.text().to_owned()).with_language("TOML");
        Self {
            message: message.into(),
            label: label.into(),
            remedy: None,
            place: Some((Arc::new(named), span)),
        }
    }

    /// About no place in a text.
    pub(super) fn bare(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            label: String::new(),
            remedy: None,
            place: None,
        }
    }

    /// Adds what to do about it.
    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Complaint {}

impl Diagnostic for Complaint {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.remedy.as_ref().map(|remedy| -> Box<dyn fmt::Display> { Box::new(remedy) })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|(source, _)| -> &dyn SourceCode { source.as_ref() })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.place.as_ref()?;
        let label = LabeledSpan::at(span.clone(), &self.label);
        Some(Box::new(std::iter::once(label)))
    }
}

/// Everything that is wrong with a configuration. Nothing of it is used.
#[derive(Debug, Clone)]
pub struct ConfigError {
    complaints: Vec<Complaint>,
}

impl ConfigError {
    pub(super) fn of(complaints: Vec<Complaint>) -> Self {
        Self { complaints }
    }

    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        let complaint = Complaint::bare(format!("{} cannot be read: {error}", file.display()));
        let remedy = "name an existing file with --config, or start without --config to use the defaults";
        Self::of(vec![complaint.remedy(remedy)])
    }

    pub(super) fn not_utf8(file_name: &str, offset: usize) -> Self {
        let complaint = Complaint::bare(format!("{file_name} is not UTF-8 text (first wrong byte at offset {offset})"));
        Self::of(vec![complaint.remedy("save the file as UTF-8")])
    }

    /// Each thing that is wrong, in the order in which it was found.
    #[must_use]
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.complaints.as_slice() {
            [only] => write!(f, "the configuration is refused: {only}"),
            all => write!(f, "the configuration is refused: {} things are wrong", all.len()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.complaints.iter().map(|complaint| -> &dyn Diagnostic { complaint })))
    }
}
