//! CPUs: which there are, who runs where, and how much of them a process has used.

use std::io;
use std::time::Duration;

use fs_err as fs;

/// Which CPU the measured Envoy has, and which everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pinning {
    /// The measured Envoy's.
    pub(crate) envoy: usize,
    /// That of the load generator, the upstream and the collector.
    pub(crate) others: usize,
}

#[cfg(target_os = "linux")]
impl Pinning {
    /// The last two CPUs that this process may use; if it may use one only, that one.
    pub(crate) fn choose() -> io::Result<Self> {
        use rustix::thread::{CpuSet, sched_getaffinity};

        let allowed = sched_getaffinity(None)?;
        let mut usable = (0..CpuSet::MAX_CPU).rev().filter(|cpu| allowed.is_set(*cpu));
        let envoy = usable.next().ok_or_else(|| io::Error::other("this process may use no CPU"))?;
        Ok(Self { envoy, others: usable.next().unwrap_or(envoy) })
    }
}

/// Moves this thread, and what it starts from now on, to one CPU.
#[cfg(target_os = "linux")]
pub(crate) fn pin(cpu: usize) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};

    let mut set = CpuSet::new();
    set.set(cpu);
    sched_setaffinity(None, &set)
        .map_err(|error| io::Error::new(io::Error::from(error).kind(), format!("pinning to CPU {cpu}: {error}")))
}

/// Elsewhere there is nothing to choose from: other systems do not let a program say on which CPU it runs, and have no /proc
/// that says how long it ran. Figures without either would not be those that the README explains.
#[cfg(not(target_os = "linux"))]
impl Pinning {
    /// An error that says so.
    pub(crate) fn choose() -> io::Result<Self> {
        Err(unavailable())
    }
}

/// An error: see [`Pinning::choose`].
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_cpu: usize) -> io::Result<()> {
    Err(unavailable())
}

#[cfg(not(target_os = "linux"))]
fn unavailable() -> io::Error {
    let why =
        "the benchmark runs on Linux only: here no process can be pinned to a CPU, nor its CPU time be read from /proc";
    io::Error::new(io::ErrorKind::Unsupported, why)
}

/// The CPU time that all threads of a process have used.
pub(crate) fn used(pid: u32) -> io::Result<Duration> {
    let tasks = format!("/proc/{pid}/task");
    let mut sum = Duration::ZERO;
    for task in fs::read_dir(tasks)? {
        let path = task?.path();
        // A thread may end while it is looked at. Where the kernel counts no nanoseconds it counts ticks.
        let nanoseconds = fs::read_to_string(path.join("schedstat")).ok().and_then(|text| of_schedstat(&text));
        let ticks = || fs::read_to_string(path.join("stat")).ok().and_then(|text| of_stat(&text));
        sum += nanoseconds.or_else(ticks).unwrap_or_default();
    }
    Ok(sum)
}

/// The first number of `/proc/PID/schedstat` is the nanoseconds on a CPU.
fn of_schedstat(text: &str) -> Option<Duration> {
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
}

/// Of `/proc/PID/stat`, utime and stime, the 14th and 15th field, in hundredths of a second. The second field, the
/// thread's name in parentheses, may hold anything.
fn of_stat(text: &str) -> Option<Duration> {
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11).map(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis(10 * (fields.next()?? + fields.next()??)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{of_schedstat, of_stat};

    #[test]
    fn schedstat() {
        assert_eq!(of_schedstat("1866040 12 3\n"), Some(Duration::from_nanos(1_866_040)));
        assert_eq!(of_schedstat("0 0 0\n"), None, "the kernel does not count");
        assert_eq!(of_schedstat(""), None);
    }

    #[test]
    fn stat() {
        let text = "42 (wrk:) worker 0) S 1 42 42 0 -1 4194304 7 0 0 0 123 45 0 0 20 0 9 0 100 1 2 3\n";
        assert_eq!(of_stat(text), Some(Duration::from_millis(1_680)));
        assert_eq!(of_stat("42 (envoy) S 1 2"), None);
        assert_eq!(of_stat("no name"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn of_this_process_grows() {
        use std::time::Instant;

        let used = || super::used(std::process::id()).unwrap();
        let before = used();
        let deadline = Instant::now() + Duration::from_secs(30);
        while used() < before + Duration::from_millis(20) {
            assert!(Instant::now() < deadline, "30 s of work are not seen");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn of_no_process_names_it() {
        assert!(super::used(u32::MAX).unwrap_err().to_string().contains("`/proc/4294967295/task`: "));
    }

    #[cfg(not(target_os = "linux"))]
    #[test]
    fn elsewhere_says_where_it_runs() {
        assert!(super::Pinning::choose().unwrap_err().to_string().contains("on Linux only"));
    }
}
