//! A cluster that is not there, or says nothing; and how a command that is interrupted ends.

use crate::fake::{Place, Printed};
use std::{
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

const COMMANDS: [&str; 5] = [
    "unmount shop billing",
    "mount shop billing",
    "undeploy shop billing",
    "doctor shop billing",
    "deploy shop billing --collector collector.observability:9000",
];

/// As kubectl tells it, with what its log says besides.
const REFUSED: &str = r#"*)
for i in 1 2 3 4 5; do
  echo 'E1129 15:30:00.123456   12345 memcache.go:265] "Unhandled Error" err="couldn\'"'"'t get current server API group list"' >&2
done
echo 'The connection to the server localhost:8080 was refused - did you specify the right host or port?' >&2
exit 1 ;;"#;

#[test]
fn no_cluster_is_one_line_with_the_cause() {
    for command in COMMANDS {
        let place = Place::new(&REFUSED.replace(r#"n\'"'"'t"#, "not"));
        let printed = place.run(command);
        assert_eq!(printed.code, Some(1), "{command}: {printed:?}");
        let expected = "kubectl: The connection to the server localhost:8080 was refused - did you specify the right host or port?; \
                        without a kubeconfig kubectl asks there: set KUBECONFIG, or give --kubeconfig\n";
        assert_eq!((&printed.stderr[..], &printed.stdout[..]), (expected, ""), "{command}");
        assert_eq!(place.asked().len(), 1, "{command}");
    }
}

/// Who waits is told what for, and for how long.
#[test]
fn a_server_that_says_nothing_is_given_up() {
    let place = Place::new(
        "*'/version --request-timeout=5s'*) sleep 3; echo 'Unable to connect to the server: context deadline exceeded' >&2; exit 1 ;;",
    );
    let printed = place.run("doctor shop");
    let meanwhile =
        "no answer yet from the API server, or from what logs in to it; given up after 10 s\nkubectl: given up after ";
    let end = " s: Unable to connect to the server: context deadline exceeded\n";
    assert!(printed.stderr.starts_with(meanwhile) && printed.stderr.ends_with(end), "{printed:?}");
    assert_eq!(printed.code, Some(1));
    assert_eq!(place.asked().len(), 1);
}

/// What a credential plugin has to say reaches the user, and the commands go on.
#[test]
fn a_login_is_shown() {
    let place = Place::new("*/version*) echo 'To sign in, open https://login.example' >&2; echo '{}' ;;");
    let printed = place.run("unmount shop");
    assert!(printed.stderr.contains("To sign in, open https://login.example\n"), "{printed:?}");
    assert!(!printed.stdout.contains("{}") && place.asked().len() > 1, "{printed:?}");
    // The server has answered who may not ask for its version.
    let place = Place::new(
        "*/version*) echo 'Error from server (Forbidden): no' >&2; exit 1 ;;\n*'get namespace'*) echo it ;;",
    );
    let printed = place.run("unmount shop");
    assert_eq!((printed.code, &printed.stderr[..]), (Some(0), ""), "{printed:?}");
}

#[test]
fn no_kubectl_is_said() {
    let place = Place::new("");
    for command in COMMANDS {
        let printed: Printed = place.command(command).env("PATH", "/none").output().expect("it runs").into();
        let expected = "kubectl, which must be in PATH: No such file or directory (os error 2)\n";
        assert_eq!((printed.code, &printed.stderr[..]), (Some(1), expected), "{command}");
    }
}

/// By the signal itself, which a shell shows as 130; an error would be 1.
#[test]
fn an_interrupted_command_ends_by_the_signal() {
    let place = Place::new("*/version*) exec sleep 3 ;;");
    let mut child = place.command("doctor shop").stderr(Stdio::null()).spawn().expect("it runs");
    while place.asked().is_empty() {
        thread::sleep(Duration::from_millis(10));
    }
    let shell = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("sh");
    assert!(shell.success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.signal(), Some(2), "{status}");
}
