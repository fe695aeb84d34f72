// A platform and the host that serves it: both go with the test, whatever becomes of it.

// The host is started. What it logged is told with a failure.
export async function withServed({ server, host }, body) {
  try {
    await host.start();
    await body();
  } catch (error) {
    error.message += `\n---- host log ----\n${host.log.slice(-6000)}`;
    throw error;
  } finally {
    await host.kill();
    await server.stop();
    host.remove();
  }
}
