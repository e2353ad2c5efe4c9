fn main() -> anyhow::Result<()> {
    tandem_benches::run()
}
