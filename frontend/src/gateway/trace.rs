//! The calls to the engine and their times, for `--target debug:cost`.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The calls of the process, in the order in which they ended.
#[derive(Debug)]
pub(super) struct Trace {
    start: Instant,
    calls: Mutex<Vec<Call>>,
}

/// A finished call.
#[derive(Debug)]
struct Call {
    name: &'static str,
    /// The subject of the call, such as a path or an image.
    about: String,
    /// The time since the start of the process.
    began: Duration,
    ended: Duration,
}

impl Trace {
    /// A trace that starts now.
    pub(super) fn begin() -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), calls: Mutex::default() })
    }

    /// Waits for a call and records it.
    pub(super) async fn call<T>(
        self: Arc<Self>,
        name: &'static str,
        about: impl Into<String>,
        call: impl Future<Output = T>,
    ) -> T {
        let about = about.into();
        let began = self.start.elapsed();
        let answer = call.await;
        let ended = self.start.elapsed();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Call { name, about, began, ended });
        answer
    }

    /// The calls as JSON, in the order in which they began, with microseconds since the start of the process.
    pub(super) fn to_json(&self) -> Value {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ordered: Vec<&Call> = calls.iter().collect();
        ordered.sort_by_key(|call| call.began);
        let microseconds = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let shown = ordered.into_iter().map(|call| {
            json!({
                "call": call.name,
                "about": call.about,
                "began_us": microseconds(call.began),
                "took_us": microseconds(call.ended.saturating_sub(call.began)),
            })
        });
        shown.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_in_the_order_in_which_they_began() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let trace = Trace::begin();
        let inner = Arc::clone(&trace).call("ReadFile", "uv.lock", async { 1 });
        let answer = runtime.block_on(Arc::clone(&trace).call("Solve", "", inner));
        assert_eq!(answer, 1);
        let json = trace.to_json();
        let names: Vec<_> =
            json.as_array().unwrap().iter().map(|call| call["call"].as_str().unwrap()).collect();
        assert_eq!(names, ["Solve", "ReadFile"]);
        assert_eq!(json[1]["about"], "uv.lock");
        assert!(json[0]["took_us"].as_u64() >= json[1]["took_us"].as_u64());
    }
}
