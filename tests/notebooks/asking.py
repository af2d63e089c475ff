"""Run a notebook once and ask its kernel many things at each cell."""

import ast
import asyncio

from tools.nb_environment import kernel_environment
from tools.nb_kernel import CELL_TIMEOUT, ThisPython, WatchedClient
from tools.nb_source import read_source
from tools.nbclaims.notebook import NotebookError
from tools.nbclaims.watch import Watch


class AskingClient(WatchedClient):
    """A client that asks `questions` (sets of expressions by the index of a cell) where the cells stand."""

    def __init__(self, notebook, questions, **options):
        quiet = ["--IPKernelApp.log_level=ERROR"]
        super().__init__(
            notebook, timeout=CELL_TIMEOUT, kernel_manager_class=ThisPython, extra_arguments=quiet, **options
        )
        self.questions, self.told = questions, {}

    async def async_execute_cell(self, cell, cell_index, *args, **options):
        cell = await super().async_execute_cell(cell, cell_index, *args, **options)
        asked = {question: question for question in self.questions.get(cell_index, ()) if question}
        request = self.kc.execute("", silent=True, store_history=False, user_expressions=asked)
        reply = await self.async_wait_for_reply(request)
        self.told[cell_index] = {
            question: ast.literal_eval(answer["data"]["text/plain"])
            if answer["status"] == "ok"
            else NotebookError(f"{answer['ename']}: {answer['evalue']}")
            for question, answer in reply["content"]["user_expressions"].items()
        }
        return cell


def answers(job, root, questions):
    """The kernel's answer to each question, by the index of the cell; an error where it gave one."""
    notebook = read_source(job.source, job.kind)
    folder = job.target.parent
    client = AskingClient(notebook, questions, resources={"metadata": {"path": str(folder)}}, record_timing=False)
    watch = Watch(folder, root)
    try:
        asyncio.run(client.async_execute(env=watch.environment(kernel_environment(root))))
        return client.told
    finally:
        watch.close()
