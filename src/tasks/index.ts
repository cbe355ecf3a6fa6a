/** lstmkit/tasks: from data to an answer. Built on the public model and nothing else. */
export { readTask, type TaskName, type TaskRecord } from "./task-file.ts";
