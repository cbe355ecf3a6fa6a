/** Post what work() comes to, or fails with, to the server that the page is from. */
export async function report(work) {
  let outcome;
  try {
    outcome = { result: await work() };
  } catch (error) {
    outcome = { error: { code: error.code, message: `${error.name}: ${error.message}\n${error.stack}` } };
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(outcome) });
}
