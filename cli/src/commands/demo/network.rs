//! The network in front of the participant's phone: a relay that passes bytes on, and can be switched off and on.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A relay on a port of its own. While it is off, whoever connects is cut off before a byte has passed.
pub(super) struct Network {
    /// Where the phone connects.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    is_on: bool,
    /// Both ends of every connection that was passed on.
    open: Vec<TcpStream>,
    /// Connections that were cut off at once.
    refused: u32,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// A network that is there, in front of a server.
    pub(super) fn before(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            is_on: true,
            open: Vec::new(),
            refused: 0,
        }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for phone in listener.incoming().map_while(Result::ok) {
                pass_on(phone, server, &shared);
            }
        });
        Ok(Self { address, state })
    }

    /// Takes it away: what is open is cut, also in the middle of a request.
    pub(super) fn take_away(&self) {
        let mut state = lock(&self.state);
        state.is_on = false;
        for stream in state.open.drain(..) {
            // One that has ended by itself is cut already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Gives it back. Returns how often the phone had tried meanwhile.
    pub(super) fn give_back(&self) -> u32 {
        let mut state = lock(&self.state);
        state.is_on = true;
        std::mem::take(&mut state.refused)
    }
}

/// Joins a phone and the server, unless the network is away. A connection that cannot be made ends, as on a bad network.
fn pass_on(phone: TcpStream, server: SocketAddr, state: &Mutex<State>) {
    // Held until both ends are noted, so that no connection slips through while the network is taken away.
    let mut state = lock(state);
    if !state.is_on {
        state.refused = state.refused.saturating_add(1);
        return;
    }
    let Ok(server) = TcpStream::connect(server) else {
        return;
    };
    let (Ok(phone_again), Ok(server_again)) = (phone.try_clone(), server.try_clone()) else {
        return;
    };
    if let (Ok(first), Ok(second)) = (phone.try_clone(), server.try_clone()) {
        state.open.extend([first, second]);
        copy(phone, server);
        copy(server_again, phone_again);
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // However it ends, the other side is told that nothing more comes.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// What comes back through the network for one byte; `None` if nothing does.
    fn echoed(stream: &mut TcpStream) -> Option<u8> {
        let mut byte = [0];
        stream.write_all(b"x").ok()?;
        stream.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    #[test]
    fn a_network_that_is_away_cuts_what_is_open_and_what_comes_and_then_passes_on_again() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || {
            for stream in server.incoming().map_while(Result::ok) {
                copy(stream.try_clone().unwrap(), stream);
            }
        });
        let network = Network::before(address).unwrap();
        let mut before = TcpStream::connect(network.address).unwrap();
        assert_eq!(echoed(&mut before), Some(b'x'));
        network.take_away();
        assert_eq!(echoed(&mut before), None);
        let mut meanwhile = TcpStream::connect(network.address).unwrap();
        assert_eq!(echoed(&mut meanwhile), None);
        assert_eq!(network.give_back(), 1);
        let mut after = TcpStream::connect(network.address).unwrap();
        assert_eq!(echoed(&mut after), Some(b'x'));
    }
}
