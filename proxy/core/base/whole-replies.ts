/** What a receiver of short replies has in common with others: it is given them whole, and nothing of one that has not ended. */
export abstract class WholeReplies {
  canStream(): boolean {
    return false;
  }

  stream(): void {}

  streamed(): void {}
}
