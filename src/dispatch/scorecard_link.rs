//! A link under which a supplier sees its own scorecard for a while, without being an operator.
//!
//! The link is a signed claim (`store::signer`): which supplier, until when. Nothing of it is kept, so
//! it cannot be called back; it ends by itself.

use serde::{Deserialize, Serialize};

use crate::domain::ids::SupplierId;
use crate::store::signer::{Signer, verify};

/// What the signature's header says it is.
const KIND: &str = "recharge-scorecard-link+json";
/// Longest claim that is looked at, in bytes.
const LONGEST: usize = 2_048;

#[derive(Serialize, Deserialize)]
struct Claim {
    supplier: SupplierId,
    until_ms: i64,
}

/// The token of a link to this supplier's scorecard.
#[must_use]
pub fn issue(signer: &Signer, supplier: &SupplierId, until_ms: i64) -> String {
    let claim = Claim {
        supplier: supplier.clone(),
        until_ms,
    };
    signer.sign(KIND, &serde_json::to_string(&claim).unwrap_or_default())
}

/// Whose scorecard a token shows now; nobody's if it is not ours, or over.
#[must_use]
pub fn read(signer: &Signer, token: &str, now_ms: i64) -> Option<SupplierId> {
    let token = Some(token).filter(|token| token.len() <= LONGEST)?;
    let verified = verify(token, Some(signer.key())).ok()?;
    let claim: Claim = serde_json::from_str(&verified.payload).ok()?;
    (verified.kind == KIND && now_ms < claim.until_ms).then_some(claim.supplier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SealKey;

    #[test]
    fn a_link_shows_its_supplier_until_it_is_over_and_cannot_be_made_by_others() {
        let signer = Signer::new(&SealKey::new([1; 32])).unwrap();
        let other = Signer::new(&SealKey::new([2; 32])).unwrap();
        let north = SupplierId::from("north");
        let token = issue(&signer, &north, 1_000);
        assert_eq!(read(&signer, &token, 999), Some(north.clone()));
        assert_eq!(read(&signer, &token, 1_000), None, "it is over");
        assert_eq!(read(&other, &token, 999), None);
        assert_eq!(read(&signer, &issue(&other, &north, 1_000), 999), None);
        let receipt = signer.sign("recharge-receipt+json", r#"{"supplier":"north","until_ms":1000}"#);
        assert_eq!(read(&signer, &receipt, 999), None, "another kind of thing");
        for rubbish in [String::new(), "a.b.c".to_owned(), token.replacen('.', "", 1), "x".repeat(5_000)] {
            assert_eq!(read(&signer, &rubbish, 999), None);
        }
    }
}
