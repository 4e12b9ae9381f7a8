//! The admin socket of a running server: one JSON object a line in, one out.
//!
//! Who may connect is the file system's answer: the socket belongs to the user the server runs as,
//! and nobody else can open it. There is no moment in which others could: it is bound inside a
//! folder only its owner can enter, closed to others, and only then moved to its place. A socket
//! left behind by a dead server is replaced; one that answers is not.
//!
//! Every line has a length, every wait a deadline, and few connections are served at once.

use std::fs::{DirBuilder, Permissions};
use std::future::Future;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::admin::{AdminContext, perform};
use super::calls::{AdminCall, AdminReply, Trouble};
use crate::seams::Spawner;

/// Longest request: a file of products or offers.
pub(super) const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;
const MAX_CONNECTIONS: usize = 8;
/// For reading one request, and for writing its reply.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest path the system takes for a socket, with room for the terminating zero.
const MAX_PATH_BYTES: usize = 100;

/// A socket at its place, not yet answering. Dropped, it takes its file away.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    inode: (u64, u64),
}

/// Why there is no admin socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody answers there.
    #[error("another gateway answers on {}: stop it, or give this one its own [store] path", .0.display())]
    Taken(PathBuf),
    /// Something else is there.
    #[error("{} exists and is not a socket: move it away, or set [admin] socket to another path", .0.display())]
    NotASocket(PathBuf),
    /// The system limits the length.
    #[error("{} is longer than {MAX_PATH_BYTES} bytes: set [admin] socket to a shorter path", .0.display())]
    TooLong(PathBuf),
    /// The system refused.
    #[error("the admin socket {} cannot be made: {error}", .path.display())]
    System {
        /// Where.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl AdminSocket {
    /// Makes the socket at `path`; must be called within a tokio runtime.
    ///
    /// # Errors
    /// Why it cannot be there.
    pub async fn bind(path: &Path) -> Result<Self, BindError> {
        if path.as_os_str().len() > MAX_PATH_BYTES {
            return Err(BindError::TooLong(path.to_owned()));
        }
        if let Ok(there) = std::fs::symlink_metadata(path) {
            if !there.file_type().is_socket() {
                return Err(BindError::NotASocket(path.to_owned()));
            }
            if UnixStream::connect(path).await.is_ok() {
                return Err(BindError::Taken(path.to_owned()));
            }
        }
        let made = Self::make(path);
        made.map_err(|error| BindError::System {
            path: path.to_owned(),
            error,
        })
    }

    fn make(path: &Path) -> io::Result<Self> {
        let mut folder = path.to_owned().into_os_string();
        folder.push(".d");
        let folder = PathBuf::from(folder);
        let _ = std::fs::remove_dir_all(&folder);
        DirBuilder::new().mode(0o700).create(&folder)?;
        let inside = folder.join("s");
        let listener = UnixListener::bind(&inside)?;
        std::fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        let metadata = std::fs::symlink_metadata(&inside)?;
        std::fs::rename(&inside, path)?;
        std::fs::remove_dir(&folder)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            inode: (metadata.dev(), metadata.ino()),
        })
    }

    /// Answers until `stop` completes; each connection is a task of its own.
    pub async fn run(self, context: Arc<AdminContext>, spawner: Arc<dyn Spawner>, stop: impl Future<Output = ()> + Send) {
        let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut stop = pin!(stop);
        loop {
            let arrival = pin!(self.arrival(&seats));
            let (stream, seat) = match select(stop.as_mut(), arrival).await {
                Either::Left(((), _)) => return,
                Either::Right((Ok(arrived), _)) => arrived,
                Either::Right((Err(error), _)) => {
                    tracing::warn!(%error, "the admin socket could not take a connection");
                    context.clock.sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let context = Arc::clone(&context);
            spawner.spawn(Box::pin(async move {
                if let Err(error) = converse(stream, &context).await {
                    tracing::debug!(%error, "an admin connection ended early");
                }
                drop(seat);
            }));
        }
    }

    async fn arrival(&self, seats: &Arc<Semaphore>) -> io::Result<(UnixStream, tokio::sync::OwnedSemaphorePermit)> {
        let seat = Arc::clone(seats).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, _) = self.listener.accept().await?;
        Ok((stream, seat))
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        let there = std::fs::symlink_metadata(&self.path).map(|there| (there.dev(), there.ino()));
        if there.is_ok_and(|there| there == self.inode) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

async fn converse(stream: UnixStream, context: &AdminContext) -> io::Result<()> {
    let (incoming, mut outgoing) = stream.into_split();
    let mut incoming = BufReader::new(incoming);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut incoming).take(MAX_LINE_BYTES);
        let read = within(context, bounded.read_until(b'\n', &mut line)).await?;
        if read == 0 {
            return Ok(());
        }
        let is_whole = line.ends_with(b"\n");
        let reply = if is_whole { answer(context, &line).await } else { cut_off(read) };
        let mut bytes = serde_json::to_vec(&reply)?;
        bytes.push(b'\n');
        within(context, outgoing.write_all(&bytes)).await?;
        if !is_whole {
            // Closed over unread bytes, the connection would be reset and the reply lost with it.
            let mut rest = (&mut incoming).take(MAX_LINE_BYTES);
            within(context, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await?;
            return Ok(());
        }
    }
}

async fn answer(context: &AdminContext, line: &[u8]) -> AdminReply {
    match serde_json::from_slice::<AdminCall>(line) {
        Ok(call) => perform(context, call).await,
        Err(error) => AdminReply::Failed(Trouble::new(
            format!("the server does not understand this call: {error}"),
            "use the command of the same version as the running server",
        )),
    }
}

fn cut_off(read: usize) -> AdminReply {
    let message = if u64::try_from(read).is_ok_and(|read| read >= MAX_LINE_BYTES) {
        format!("the request is longer than {MAX_LINE_BYTES} bytes")
    } else {
        "the request ended in the middle of its line".to_owned()
    };
    AdminReply::Failed(Trouble::new(message, "split the file, or end the line"))
}

async fn within<T>(context: &AdminContext, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let deadline = context.clock.sleep(PATIENCE);
    match select(pin!(work), deadline).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => Err(io::Error::new(io::ErrorKind::TimedOut, "the other side was silent for too long")),
    }
}
