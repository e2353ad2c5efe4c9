//! The real binary under test.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

use crate::client::Client;
use crate::process::{Process, await_log, await_port, free_port, scratch, workspace};

/// Another program may take a free port between its choice and its use.
const START_ATTEMPTS: usize = 5;

/// A running Tandem with all three ports on 127.0.0.1.
#[derive(Debug)]
pub struct Tandem {
    /// The process: its id, memory and log.
    pub process: Process,
    /// Where RESP is served.
    pub resp_port: u16,
    /// Where memcached is served.
    pub memcached_port: u16,
    /// Where metrics and health are served.
    pub admin_port: u16,
}

impl Tandem {
    /// Starts the binary with further arguments and waits until it serves.
    pub fn start(arguments: &[&str]) -> Tandem {
        Tandem::start_with(arguments, |_| {})
    }

    /// The same with changes to the command, e.g. its environment.
    pub fn start_with(arguments: &[&str], change: impl Fn(&mut Command)) -> Tandem {
        let mut failure = String::new();
        for _ in 0..START_ATTEMPTS {
            match Tandem::try_start(arguments, &change) {
                Ok(tandem) => return tandem,
                Err(error) => failure = error,
            }
        }
        panic!("tandem {} does not start: {failure}", arguments.join(" "));
    }

    fn try_start(arguments: &[&str], change: &impl Fn(&mut Command)) -> Result<Tandem, String> {
        let ports = [free_port(), free_port(), free_port()];
        let mut command = Command::new(binary());
        command.current_dir(scratch());
        // The tests' own variables are no settings of the server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TANDEM_") {
                command.env_remove(name);
            }
        }
        for (flag, port) in ["--resp-port", "--memcached-port", "--admin-port"].iter().zip(ports) {
            command.args([flag, port.to_string().as_str()]);
        }
        change(command.args(arguments).args(["--bind", "127.0.0.1"]));
        let mut process = Process::start("tandem", &mut command);
        for port in ports {
            await_port(&mut process, port)?;
        }
        // Another program may listen on a port that ours could not get: ours ends then, without
        // the lines that say what it serves.
        await_log(&mut process, "admin HTTP")?;
        let [resp_port, memcached_port, admin_port] = ports;
        Ok(Tandem { process, resp_port, memcached_port, admin_port })
    }

    /// A new RESP connection.
    pub fn resp(&self) -> Client {
        Client::connect(self.resp_port)
    }

    /// A new memcached connection.
    pub fn memcached(&self) -> Client {
        Client::connect(self.memcached_port)
    }

    /// Asks the admin port for a path: the status and the body.
    pub fn http(&self, path: &str) -> (u16, String) {
        self.http_with(&format!("GET {path}"), "", "")
    }

    /// Sends a request with further header lines, each with its end, and a body.
    pub fn http_with(&self, verb_and_path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut client = Client::connect(self.admin_port);
        let len = body.len();
        let request = format!(
            "{verb_and_path} HTTP/1.1\r\nHost: tandem\r\nConnection: close\r\n\
             Content-Length: {len}\r\n{headers}\r\n{body}"
        );
        client.send(request.as_bytes());
        let response = String::from_utf8(client.rest()).expect("a text response");
        let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    /// Fails when a request has made the server panic or when it does not answer any more.
    pub fn assert_healthy(&mut self) {
        assert_eq!(self.process.exit_status(), None, "the server is still there");
        assert_eq!(self.resp().run("PING").to_string(), "PONG");
        assert!(self.memcached().line("version").starts_with("VERSION "));
        let log = self.process.log();
        assert!(!log.contains("panicked"), "no request makes the server panic:\n{log}");
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.terminate();
        self.process.wait()
    }
}

/// `TANDEM_BIN`, or the workspace's own build, brought up to date once per test run.
pub fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("TANDEM_BIN").map_or_else(build, PathBuf::from)).clone()
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let target = profile.parent().expect("target/<profile>");
    let status = Command::new(env!("CARGO"))
        .current_dir(workspace())
        .args(["build", "--quiet", "--package", "tandem", "--target-dir"])
        .arg(target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the server must build; or name a built one in TANDEM_BIN");
    target.join("debug").join("tandem")
}
