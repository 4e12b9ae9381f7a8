//! The admin protocol over a real Unix socket.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use super::stage::Stage;
use super::{AdminCall, AdminReply, AdminSocket, AskError, BindError, OrderKey, ask};
use crate::domain::money::Currency;
use crate::seams::TokioSpawner;

struct Server {
    path: PathBuf,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

async fn serve(stage: &Stage) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.db.sock");
    let socket = AdminSocket::bind(&path).await.unwrap();
    let (stop, stopped) = oneshot::channel();
    let context = Arc::new(stage.context.clone());
    let handle = tokio::runtime::Handle::current();
    let spawner = Arc::new(TokioSpawner::new(handle.clone()));
    #[expect(clippy::disallowed_methods, reason = "the test waits for this task by its handle")]
    let task = handle.spawn(socket.run(context, spawner, async move {
        let _ = stopped.await;
    }));
    Server {
        path,
        stop,
        task,
        _folder: folder,
    }
}

async fn say(path: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn add(name: &str) -> AdminCall {
    AdminCall::ShopAdd {
        name: name.to_owned(),
        currency: Currency::Cny,
        credit_limit: None,
    }
}

#[tokio::test]
async fn a_call_over_the_socket_is_the_same_as_one_in_the_process() {
    let stage = Stage::new();
    let server = serve(&stage).await;
    assert!(matches!(ask(&server.path, &add("Alpha")).await.unwrap(), AdminReply::ShopAdded(_)));
    let AdminReply::Shops { shops } = ask(&server.path, &AdminCall::ShopList).await.unwrap() else {
        panic!()
    };
    let AdminReply::Shops { shops: inside } = stage.perform(AdminCall::ShopList).await else {
        panic!()
    };
    assert_eq!(shops, inside);
    let unknown = AdminCall::OrderShow(OrderKey::Id { id: "42".to_owned() });
    let AdminReply::Failed(trouble) = ask(&server.path, &unknown).await.unwrap() else {
        panic!()
    };
    assert_eq!(trouble.message, "there is no order 42");
}

#[tokio::test]
async fn only_the_owner_can_open_the_socket() {
    let server = serve(&Stage::new()).await;
    let metadata = std::fs::symlink_metadata(&server.path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let beside: Vec<_> = std::fs::read_dir(server.path.parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing is left beside the socket");
}

#[tokio::test]
async fn several_lines_on_one_connection_are_answered_in_order() {
    let server = serve(&Stage::new()).await;
    let text = say(&server.path, b"{\"call\":\"shop_list\"}\n{\"call\":\"case_list\"}\n").await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines, [r#"{"reply":"shops","shops":[]}"#, r#"{"reply":"cases","cases":[]}"#]);
}

#[tokio::test]
async fn rubbish_is_answered_and_the_server_lives_on() {
    let server = serve(&Stage::new()).await;
    for rubbish in [
        "\n",
        "{}\n",
        "{\"call\":\"shop_explode\"}\n",
        "{\"call\":\"shop_credit\",\"shop\":1}\n",
        "not json\n",
        "[[[[[[\n",
        "{\"call\":\"shop_list\"",
    ] {
        let text = say(&server.path, rubbish.as_bytes()).await;
        let reply: AdminReply = serde_json::from_str(&text).unwrap();
        assert!(matches!(reply, AdminReply::Failed(_)), "{rubbish:?}: {reply:?}");
    }
    let nothing = say(&server.path, b"").await;
    assert_eq!(nothing, "");
    assert!(matches!(
        ask(&server.path, &AdminCall::ShopList).await.unwrap(),
        AdminReply::Shops { .. }
    ));
}

#[tokio::test]
async fn a_request_without_end_is_cut_off() {
    let server = serve(&Stage::new()).await;
    let flood = vec![b'x'; 17 * 1024 * 1024];
    let text = say(&server.path, &flood).await;
    assert!(text.contains("longer than"), "{text}");
    assert!(matches!(
        ask(&server.path, &AdminCall::ShopList).await.unwrap(),
        AdminReply::Shops { .. }
    ));
}

#[tokio::test]
async fn a_socket_that_answers_is_not_taken_over_and_a_dead_one_is() {
    let stage = Stage::new();
    let server = serve(&stage).await;
    assert!(matches!(AdminSocket::bind(&server.path).await, Err(BindError::Taken(_))));
    assert!(matches!(
        ask(&server.path, &AdminCall::ShopList).await,
        Ok(AdminReply::Shops { .. })
    ));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dead.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    assert!(matches!(ask(&path, &AdminCall::ShopList).await, Err(AskError::Nobody(_))));
    let socket = AdminSocket::bind(&path).await.unwrap();
    drop(socket);
    assert!(!path.exists(), "a stopped server takes its socket away");
}

#[tokio::test]
async fn a_file_in_the_sockets_place_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "dear diary").unwrap();
    assert!(matches!(AdminSocket::bind(&path).await, Err(BindError::NotASocket(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "dear diary");
    let long = folder.path().join("x".repeat(120));
    assert!(matches!(AdminSocket::bind(&long).await, Err(BindError::TooLong(_))));
}

#[tokio::test]
async fn a_stop_ends_the_socket_and_takes_its_file_away() {
    let server = serve(&Stage::new()).await;
    server.stop.send(()).unwrap();
    server.task.await.unwrap();
    assert!(!server.path.exists());
    assert!(matches!(ask(&server.path, &AdminCall::ShopList).await, Err(AskError::Nobody(_))));
}
