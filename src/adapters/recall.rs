//! Asking a supplier to withdraw an attempt (撤单, 退单申请): the rung of R8 between sending the same number again
//! and a quiet window.
//!
//! What the reply says counts like a query's answer, but for a withdrawal, which is proof only where the
//! supplier promises `recall_is_final`; many only take the wish, and a query tells later what came of it.

use bytes::Bytes;
use http::{Request, Response};

use super::adapter::Adapter;
use super::call::Call;
use super::status::Operation;
use super::write::Unencodable;
use crate::domain::outcome::{Reading, Trust};

impl Adapter {
    /// The call that asks to withdraw an attempt.
    ///
    /// # Errors
    /// When the dialect has none, or the wish cannot be said in it.
    pub fn recall(&self, call: &Call<'_>) -> Result<Request<Bytes>, Unencodable> {
        self.write_of(Operation::Recall, call)
    }

    /// What the reply to our recall means, and how far it may be believed.
    #[must_use]
    pub fn read_recall(&self, call: &Call<'_>, reply: &Response<Bytes>) -> (Trust, Reading) {
        self.read(Operation::Recall, call, reply)
    }
}
