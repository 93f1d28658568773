// Reads simulations, one JSON line each, and writes for each what the oracle answers.

import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), { simulationMode: 'Strict' })
  const said =
    answer.resultType === 'single'
      ? { result: answer.overallResult, ignored: answer.result.ignoredContextKeys }
      : { result: answer.resultType, errors: answer.errors }
  process.stdout.write(JSON.stringify(said) + '\n')
}
