//! Why a file was refused: the place underlined, what is wrong there, and what to do about it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, SourceCode};

/// A file as it was given, to point into.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// What the file is called in messages.
    pub(super) name: Arc<str>,
    /// Its whole text.
    pub(super) text: Arc<str>,
}

impl Source {
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self {
            name: Arc::from(name),
            text: Arc::from(text),
        }
    }

    /// A refusal that underlines `span`.
    pub(super) fn fault(&self, span: Range<usize>, message: impl Into<String>) -> LoadError {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.bytes().filter(|b| *b == b'\n').count().saturating_add(1);
        LoadError(Box::new(Fault {
            source: miette::NamedSource::new(&*self.name, Arc::clone(&self.text)),
            name: Arc::clone(&self.name),
            line,
            span,
            message: message.into(),
            label: "here",
            help: None,
            is_hidden: false,
        }))
    }
}

/// Why adapters.toml or a dialect file was refused. Rendered by miette it underlines the place;
/// plain, it is one line with file and line number.
pub struct LoadError(Box<Fault>);

struct Fault {
    source: miette::NamedSource<Arc<str>>,
    name: Arc<str>,
    line: usize,
    span: Range<usize>,
    message: String,
    label: &'static str,
    help: Option<String>,
    is_hidden: bool,
}

impl LoadError {
    /// The same refusal without the text around it, where that may be a secret in the wrong place.
    pub(super) fn hidden(mut self) -> Self {
        self.0.is_hidden = true;
        self
    }

    /// The same refusal with a remedy.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// The line at fault, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The text that is underlined; empty where it may be a secret in the wrong place.
    #[must_use]
    pub fn underlined(&self) -> &str {
        if self.0.is_hidden {
            return "";
        }
        self.0.source.inner().get(self.0.span.clone()).unwrap_or_default()
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.0.name, self.0.line, self.0.message)
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}; underlined: {:?}", self.underlined())?;
        match &self.0.help {
            Some(help) => write!(f, "; help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LoadError {}

impl Diagnostic for LoadError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.0.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        if self.0.is_hidden { None } else { Some(&self.0.source) }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.0.is_hidden {
            return None;
        }
        let label = LabeledSpan::new_with_span(Some(self.0.label.to_owned()), self.0.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
