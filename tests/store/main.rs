//! Stores are proven here: the same sentences for each, the same random histories to both, and
//! what only the one on a disk can get wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

/// Each sentence as a test of each store.
macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&recharge_gateway::store::MemoryStore::new()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let store = crate::world::open(&folder.path().join("test.db"), 1).await.unwrap();
                super::$name(&store).await;
                store.close().await;
            })*
        }
    };
}

mod catalog;
mod conformance;
mod desk;
mod equivalence;
mod events;
mod gathering;
mod had;
mod shapes;
mod sqlite;
mod statements;
mod visible;
mod world;
