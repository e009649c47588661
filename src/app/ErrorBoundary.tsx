// SPDX-License-Identifier: Apache-2.0
// Keeps a view's failure to that view: says what went wrong and offers to try again.
import { Component, type ReactNode } from 'react'
import { Button } from '../widgets/Button'
import { EmptyState } from '../widgets/EmptyState'

type Props = { name: string; children: ReactNode }
type State = { error: Error | null }

export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null }

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override render() {
    const { error } = this.state
    if (!error) return this.props.children
    return (
      <EmptyState title={`The ${this.props.name} view failed`}>
        <p>{error.message}</p>
        <p>The other views still work. This is a bug of Ptarmigan, not of your trace.</p>
        <Button onClick={() => this.setState({ error: null })}>Try again</Button>
      </EmptyState>
    )
  }
}
