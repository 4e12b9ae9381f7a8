//! The server under the routes: one listener, its deadlines and its caps.
//!
//! Headers that drip, connections that idle and clients that do not read are closed here; a body
//! that drips is closed by `body`, because the server has no deadline for it.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};

use super::state::ApiState;

/// actix counts its deadlines from a time it renews every half second; one that is over when it
/// is set is never looked at again, and the connection stays. So none is shorter than this.
const SHORTEST: Duration = Duration::from_secs(1);
/// For a client that was answered before its body was read to notice that.
const GOODBYE: Duration = Duration::from_secs(2);

/// Serves this room, and whatever `beside` adds, on `listener` with so many `workers`. Signals are
/// left to the caller, who stops the server by its handle; requests then have 30 seconds to end.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve<B>(listener: TcpListener, workers: usize, state: Arc<ApiState>, beside: B) -> io::Result<Server>
where
    B: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let limits = state.limits.clone();
    let deadline = |timeout_ms| Duration::from_millis(timeout_ms).max(SHORTEST);
    let server = HttpServer::new(move || App::new().configure(beside.clone()).configure(super::routes(Arc::clone(&state))))
        .workers(workers.max(1))
        .client_request_timeout(deadline(limits.header_timeout_ms))
        .client_disconnect_timeout(GOODBYE)
        .keep_alive(deadline(limits.idle_timeout_ms))
        .max_connections(limits.max_connections)
        .tcp_nodelay(true)
        .shutdown_timeout(30)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
