//! URLs already taken apart: nearly every request goes to one that was called before, and parsing it anew
//! for each is dearer than all else that is done to it.
//!
//! Only what was found good is kept, and only while it is asked for: when the room is full, it is emptied.
//! Keep one for each way of judging: a URL is known as good by the judgement that let it in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use http::Uri;
use url::Url;

/// Most URLs kept.
const MOST: usize = 256;

/// URLs by how they were written.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Uri, Url>>);

impl Known {
    /// The URL that `judge` makes of `uri`, or made of it before.
    pub(super) fn url<E>(&self, uri: &Uri, judge: impl FnOnce(&Uri) -> Result<Url, E>) -> Result<Url, E> {
        // A query is another one each time.
        if uri.query().is_some() {
            return judge(uri);
        }
        if let Some(url) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(uri) {
            return Ok(url.clone());
        }
        let url = judge(uri)?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(uri.clone(), url.clone());
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    fn parse(uri: &Uri) -> Result<Url, url::ParseError> {
        Url::parse(&uri.to_string())
    }

    #[test]
    fn a_url_is_judged_once_and_one_that_was_refused_each_time() {
        let known = Known::default();
        for _ in 0..2 {
            assert_eq!(known.url(&uri("http://bad.example/x"), |_| Err("refused")), Err("refused"));
        }
        let first = known.url(&uri("http://a.example/x"), parse).unwrap();
        let again = known.url(&uri("http://a.example/x"), |_| Err("judged again")).unwrap();
        assert_eq!(first, again);
        assert_eq!(known.url(&uri("http://a.example/y"), |_| Err("another")), Err("another"));
        assert_eq!(known.url(&uri("https://a.example/x"), |_| Err("another")), Err("another"));
        assert_eq!(known.url(&uri("http://a.example:81/x"), |_| Err("another")), Err("another"));
        assert_eq!(known.url(&uri("http://a.example/X"), |_| Err("another")), Err("another"));
    }

    #[test]
    fn what_is_kept_is_bounded_and_has_no_query() {
        let known = Known::default();
        known.url(&uri("http://a.example/?sign=1"), parse).unwrap();
        assert!(known.0.lock().unwrap().is_empty());
        for number in 0..=MOST {
            known.url(&uri(&format!("http://a.example/{number}")), parse).unwrap();
        }
        assert_eq!(known.0.lock().unwrap().len(), 1);
    }
}
