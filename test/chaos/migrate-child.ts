// A service in a process of its own: it is told what to do, says how that ended, and lives on until it is killed. On SIGTERM
// and SIGINT it aborts, if it is told to hear them, as services do; else it dies of them.
import { type Order, runCommand } from './command-outcome.js'
import { startHostService } from './host-service.js'

let controller = new AbortController()
const abort = (): void => controller.abort(new Error('the service was asked to end'))

async function serve(): Promise<void> {
  const host = await startHostService()
  process.on('message', (order: Order & { readonly isHeard: boolean }) => {
    controller = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.removeAllListeners(signal)
      if (order.isHeard) process.on(signal, abort)
    }
    void runCommand(order, controller.signal).then(async (outcome) => {
      const answers = await host.answers()
      process.send?.({ outcome, answers, uncaught: host.takeUncaught() })
    })
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}

void serve()
