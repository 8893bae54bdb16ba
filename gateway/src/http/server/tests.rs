//! Raw sockets against the loop: heads that never end, connections that ask nothing, no room, answers that never end.

use super::*;
use axum::routing::get;
use std::net::SocketAddr;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
}

/// `/quick` answers at once, `/slow` when its notice comes, `/endless` begins an answer that has no end.
async fn running(connections_max: usize, notice: Arc<Notify>) -> Running {
    let endless = || async {
        let (sender, receiver) = tokio::io::duplex(64);
        Body::new(Endless(sender, receiver))
    };
    let slow = move || {
        let notice = Arc::clone(&notice);
        async move {
            notice.notified().await;
            "slow"
        }
    };
    let routes = Router::new()
        .route("/quick", get(|| async { "quick" }))
        .route("/slow", get(slow))
        .route("/endless", get(endless));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let serving = tokio::spawn(serve(listener, routes, connections_max, stopping));
    Running {
        address,
        stop,
        serving,
    }
}

/// A body that stays open.
struct Endless(
    #[allow(dead_code)] tokio::io::DuplexStream,
    tokio::io::DuplexStream,
);

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let mut space = [0; 1];
        let mut space = tokio::io::ReadBuf::new(&mut space);
        match tokio::io::AsyncRead::poll_read(Pin::new(&mut self.1), context, &mut space) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => Poll::Ready(None),
        }
    }
}

async fn connect(address: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    stream
}

fn get_of(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// What comes until something ends it with this.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let mut piece = [0; 4_096];
        match stream.read(&mut piece).await.unwrap() {
            0 => break,
            size => read.extend_from_slice(&piece[..size]),
        }
    }
    String::from_utf8(read).unwrap()
}

/// How long until the other side closes.
async fn closed_after(stream: &mut TcpStream) -> Duration {
    let since = Instant::now();
    let mut rest = Vec::new();
    // A reset is a close too.
    drop(stream.read_to_end(&mut rest).await);
    since.elapsed()
}

fn about_the_head_time(after: Duration) -> bool {
    (HEAD_TIME - Duration::from_millis(500)..HEAD_TIME + Duration::from_secs(3)).contains(&after)
}

#[tokio::test]
async fn who_asks_nothing_for_too_long_is_closed() {
    let running = running(16, Arc::default()).await;
    let mut idle = connect(running.address, "").await;
    let mut half = connect(running.address, "GET /quick HTTP/1.1\r\nHo").await;
    let mut kept = connect(running.address, &get_of("/quick")).await;
    assert!(
        read_to(&mut kept, "quick")
            .await
            .starts_with("HTTP/1.1 200")
    );
    // The same connection serves again.
    kept.write_all(get_of("/quick").as_bytes()).await.unwrap();
    assert!(
        read_to(&mut kept, "quick")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let (idle, half, kept) = tokio::join!(
        closed_after(&mut idle),
        closed_after(&mut half),
        closed_after(&mut kept)
    );
    for after in [idle, half, kept] {
        assert!(about_the_head_time(after), "{after:?}");
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off_all_the_same() {
    let running = running(16, Arc::default()).await;
    let (mut reading, mut writing) = connect(running.address, "GET /quick HTTP/1.1\r\n")
        .await
        .into_split();
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"X-Slow: yes\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
    let since = Instant::now();
    let mut rest = Vec::new();
    drop(reading.read_to_end(&mut rest).await);
    assert!(
        about_the_head_time(since.elapsed()),
        "{:?}",
        since.elapsed()
    );
    drop(reading);
    dripping.await.unwrap();
}

#[tokio::test]
async fn whoever_waits_longest_gives_way_and_who_is_answered_does_not() {
    let notice = Arc::new(Notify::new());
    let running = running(4, Arc::clone(&notice)).await;
    let mut slow = connect(running.address, &get_of("/slow")).await;
    let mut endless = connect(running.address, &get_of("/endless")).await;
    assert!(
        read_to(&mut endless, "\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let mut idle = Vec::new();
    for _ in 0..50 {
        idle.push(connect(running.address, "").await);
        let mut asks = connect(running.address, &get_of("/quick")).await;
        assert!(
            read_to(&mut asks, "quick")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    let since = Instant::now();
    for stream in &mut idle[..40] {
        closed_after(stream).await;
    }
    assert!(since.elapsed() < Duration::from_secs(2), "they gave no way");
    notice.notify_one();
    assert!(read_to(&mut slow, "slow").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_newcomer_is_told_that_there_is_no_room() {
    let notice = Arc::new(Notify::new());
    let running = running(2, Arc::clone(&notice)).await;
    let mut first = connect(running.address, &get_of("/slow")).await;
    let second = connect(running.address, &get_of("/slow")).await;
    let mut refused = String::new();
    let since = Instant::now();
    while !refused.starts_with("HTTP/1.1 503") {
        assert!(since.elapsed() < Duration::from_secs(5), "{refused}");
        let mut third = connect(running.address, &get_of("/quick")).await;
        refused = read_to(&mut third, "}").await;
    }
    assert!(refused.contains("application/problem+json"), "{refused}");
    assert!(refused.contains("http.connections_max"), "{refused}");
    // A place that is free again is given again.
    drop(second);
    notice.notify_waiters();
    assert!(
        read_to(&mut first, "slow")
            .await
            .starts_with("HTTP/1.1 200")
    );
    let mut fourth = connect(running.address, &get_of("/quick")).await;
    assert!(
        read_to(&mut fourth, "quick")
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn a_stop_closes_who_waits_and_lets_an_answer_end() {
    let notice = Arc::new(Notify::new());
    let running = running(16, Arc::clone(&notice)).await;
    let mut idle = connect(running.address, "").await;
    let mut kept = connect(running.address, &get_of("/quick")).await;
    read_to(&mut kept, "quick").await;
    let mut slow = connect(running.address, &get_of("/slow")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send_replace(true);
    for stream in [&mut idle, &mut kept] {
        assert!(closed_after(stream).await < Duration::from_secs(1));
    }
    assert!(!running.serving.is_finished(), "an answer is owed");
    notice.notify_one();
    assert!(read_to(&mut slow, "slow").await.starts_with("HTTP/1.1 200"));
    let ended = tokio::time::timeout(Duration::from_secs(1), running.serving).await;
    ended.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}
