// The status of an answer, from clients whose promise fails where another one's gives the answer.
// Decided here: that an answer is an answer, whatever its status. Not here: the clients.

/** An error without an answer goes on. */
export const statusOf = async (request: Promise<{ readonly status: number }>) => {
  try {
    return (await request).status
  } catch (error) {
    const { response } = error as { readonly response?: { readonly status: number } }
    if (response) return response.status
    throw error
  }
}
